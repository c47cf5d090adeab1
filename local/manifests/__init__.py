"""The reader of `knative/` and `eventing/`: the YAML a cluster gets, strictly.

Each field is acted on, or stands in a list of those that change nothing on one machine, or is an
error with its place. So nobody tries out here what a cluster would do otherwise.
"""

from local.manifests.nodes import ManifestError
from local.manifests.platform import read

__all__ = ["ManifestError", "read"]
