"""The rules, by what they look at. Each takes one object and the world around it, and yields what is wrong."""
