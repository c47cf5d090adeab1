"""/v1/models: what can be asked for here."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify

from shared.core import model_views
from shared.core.catalog import CATALOG
from shared.core.errors import NotFound
from shared.core.model_objects import Model, ModelList
from shared.core.operation import Operation, Payload, Reply
from shared.settings import Settings

_LIST_MODELS: Final = Operation(
    id="listModels",
    summary="The models that are offered",
    replies={200: Reply("All of them, the default one first.", Payload(ModelList))},
)
_GET_MODEL: Final = Operation(
    id="getModel",
    summary="One model",
    replies={200: Reply("The model, for an alias the one behind it.", Payload(Model))},
    errors=("not_found",),
)


def model_routes(settings: Settings) -> Blueprint:
    routes = Blueprint("models", __name__, url_prefix="/v1/models")

    @routes.get("")
    @_LIST_MODELS
    def every() -> Response:
        return jsonify(model_views.model_list((CATALOG[name] for name in settings.models), settings.presets))

    @routes.get("/<model_id>")
    @_GET_MODEL
    def one(model_id: str) -> Response:
        """An alias shows the model behind it."""
        name = settings.model_aliases.get(model_id, model_id)
        if name not in settings.models:
            raise NotFound(f"the model {model_id} is not offered here")
        return jsonify(model_views.model(CATALOG[name], settings.presets))

    return routes
