"""What a cluster would refuse, or take and do wrong: found in the manifests before they are applied.

CRDs hold no rules of Knative's webhooks, and neither knows the traps between two objects. Each rule has a name
and a reason (`catalogue.py`), each finding a file, a line and what to do about it.
"""
