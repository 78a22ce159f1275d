"""The application factory: wiring, no routes."""

from flask import Flask

from serving import (
    documentation,
    health,
    inference_v2,
    invocations,
    models,
    page,
    predictions,
)
from serving.config import Config
from serving.current import Current
from serving.errors import register_errors
from serving.exchange import register_exchange
from serving.express import Express
from serving.guard import register_guard
from serving.logs import configure_logging
from serving.metrics import ServiceMetrics, create_scrape_view
from serving.model import Model
from serving.service import EXTENSION, Service
from serving.state import StateCollector
from serving.store import Store

BLUEPRINTS = (
    predictions.blueprint,
    models.blueprint,
    health.blueprint,
    documentation.blueprint,
    page.blueprint,
    invocations.blueprint,
    inference_v2.blueprint,
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
    guard = register_guard(app)
    register_errors(app, service.metrics)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    state = StateCollector(service.current, service.store)
    app.add_url_rule("/metrics", "metrics", create_scrape_view(service.metrics, state))
    app.wsgi_app = Express(app, service, guard)  # type: ignore[method-assign]
    service.start()
    return app


def create_service(app: Flask, config: Config) -> Service:
    """Create what the views use; its threads start later."""
    metrics = ServiceMetrics(app, config.metrics_folder)
    store = Store(config.store)
    service = Service(config, metrics, store, Current(config, metrics, store))
    service.add_observers()
    return service
