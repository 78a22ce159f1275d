"""The application factory: wiring, no routes."""

from flask import Flask

from serving.api import (
    documentation,
    health,
    inference,
    invocations,
    models,
    predictions,
)
from serving.config import Config
from serving.http.access import register_guard
from serving.http.context import register_exchange
from serving.http.errors import register_errors
from serving.model.current import Current
from serving.model.onnx_model import Model
from serving.model.store import Store
from serving.monitoring.collector import StateCollector
from serving.monitoring.logs import configure_logging
from serving.monitoring.metrics import ServiceMetrics, create_scrape_view
from serving.service import EXTENSION, Service
from serving.web import page

BLUEPRINTS = (
    predictions.blueprint,
    models.blueprint,
    health.blueprint,
    documentation.blueprint,
    page.blueprint,
    invocations.blueprint,
    inference.blueprint,
)


def create_app(config: Config | None = None, model: Model | None = None) -> Flask:
    """Create the application.

    Args:
        config: Settings; read from the environment, and logging set up, when absent.
        model: A model to serve for good; without one, the store is followed.
    """
    if config is None:
        config = Config.from_env()
        configure_logging(config)
    app = Flask(__name__, static_folder=None)
    register_exchange(app)
    service = create_service(app, config)
    app.extensions[EXTENSION] = service
    if model is None:
        service.follow_store()
    else:
        service.current.swap(model)
    register_guard(app)
    register_errors(app, service.metrics)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    state = StateCollector(service.current, service.store)
    app.add_url_rule("/metrics", "metrics", create_scrape_view(service.metrics, state))
    service.start()
    return app


def create_service(app: Flask, config: Config) -> Service:
    """Create what the views use; its threads start later."""
    metrics = ServiceMetrics(app, config.metrics_folder)
    store = Store(config.store)
    service = Service(config, metrics, store, Current(config, metrics, store))
    service.add_observers()
    return service
