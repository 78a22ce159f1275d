"""The application factory: wiring, no routes."""

from flask import Flask

from serving.api import (
    documentation,
    explanations,
    feedback,
    health,
    inference,
    invocations,
    metrics,
    models,
    predictions,
    status,
)
from serving.config import Config
from serving.http.access import Access
from serving.http.admission import Admission, register_refusals
from serving.http.application import Application
from serving.http.capacity import Capacity
from serving.http.context import register_context
from serving.http.errors import register_errors
from serving.loading.current import Current
from serving.model.onnx_model import Model
from serving.model.store import Store
from serving.monitoring.logs import configure_logging
from serving.monitoring.metrics import ServiceMetrics
from serving.service import EXTENSION, Service
from serving.web import page

BLUEPRINTS = (
    predictions.blueprint,
    explanations.blueprint,
    feedback.blueprint,
    models.blueprint,
    status.blueprint,
    health.blueprint,
    metrics.blueprint,
    documentation.blueprint,
    page.blueprint,
    invocations.blueprint,
    inference.blueprint,
)


def create_app(config: Config | None = None, model: Model | None = None) -> Flask:
    """Create the application.

    Args:
        config: Settings; when absent, they are read from the environment and logging
            is set up.
        model: A fixed model to serve; by default, the store is followed.
    """
    if config is None:
        config = Config.from_env()
        configure_logging(config)
    app = Application(__name__, static_folder=None)
    service = create_service(app, config)
    app.extensions[EXTENSION] = service
    is_traced = service.tracing is not None
    register_context(app, service.complete, is_traced=is_traced)
    if model is None:
        service.follow_store()
    else:
        service.current.swap(model)
    register_refusals(app)
    register_errors(app, service.metrics)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    service.metrics.requests.prepare_failures(find_prediction_routes(app))
    admission = Admission(app.wsgi_app, service.access, config.send_seconds)
    app.wsgi_app = admission  # type: ignore[method-assign]
    service.start()
    return app


def find_prediction_routes(app: Flask) -> set[str]:
    """Return the routes that predict: other POST routes explain or accept feedback."""
    others = (explanations.blueprint.name, feedback.blueprint.name)
    return {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
        and rule.endpoint.partition(".")[0] not in others
    }


def create_service(app: Flask, config: Config) -> Service:
    """Create what the views use; threads start later."""
    metrics = ServiceMetrics(app, config.metrics_folder)
    capacity = Capacity(
        config.max_in_flight, config.max_buffered_bytes, config.max_explanations
    )
    access = Access(config, capacity, metrics.key_reload_failures.inc)
    store = Store(config.store)
    service = Service(config, metrics, store, Current(config, metrics, store), access)
    service.add_observers()
    return service
