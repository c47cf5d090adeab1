"""/v1/models: what can be asked for here."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from shared.core import views
from shared.core.catalog import CATALOG
from shared.core.errors import NotFound
from shared.settings import Settings


def model_routes(settings: Settings) -> Blueprint:
    routes = Blueprint("models", __name__, url_prefix="/v1/models")

    @routes.get("")
    def every() -> Response:
        return jsonify(views.model_list(CATALOG[name] for name in settings.models))

    @routes.get("/<model_id>")
    def one(model_id: str) -> Response:
        """An alias shows the model behind it."""
        name = settings.model_aliases.get(model_id, model_id)
        if name not in settings.models:
            raise NotFound(f"the model {model_id} is not offered here")
        return jsonify(views.model(CATALOG[name]))

    return routes
