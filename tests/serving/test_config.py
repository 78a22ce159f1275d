from dataclasses import fields

import pytest

from serving.config import Config, ConfigError, variable_name


def test_from_env_reads_every_setting_by_its_variable():
    environ = {
        "IRIS_BIND": "0.0.0.0:80",
        "IRIS_WORKERS": "3",
        "IRIS_FOLLOW_SECONDS": "0.5",
        "IRIS_SHADOW_ALIAS": "Challenger",
        "IRIS_DATABASE_URL": "sqlite:///predictions.db",
        "IRIS_DATABASE_OMIT": "age, name,",
        "MLFLOW_TRACKING_URI": "http://registry",
        "IRIS_LOG_LEVEL": "debug",
        "OTEL_TRACES_SAMPLER": "TraceIdRatio",
        "OTEL_TRACES_SAMPLER_ARG": "0.1",
    }

    config = Config.from_env(environ)

    assert config.bind == "0.0.0.0:80"
    assert config.workers == 3
    assert config.follow_seconds == 0.5
    assert config.shadow_alias == "Challenger"
    assert config.database_url == "sqlite:///predictions.db"
    assert config.database_omit == {"age", "name"}
    assert config.tracking_uri == "http://registry"
    assert config.log_level == "DEBUG"
    assert config.traces_sampler == "traceidratio"
    assert config.traces_ratio == 0.1


def test_from_env_without_variables_gives_the_defaults():
    assert Config.from_env({"PATH": "/bin"}) == Config()


def test_from_env_reads_the_process_environment_by_default(monkeypatch):
    monkeypatch.setenv("IRIS_MODEL_NAME", "wine")

    assert Config.from_env().model_name == "wine"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("IRIS_BIND", "8000"),
        ("IRIS_BIND", "localhost:http"),
        ("IRIS_BIND", "localhost:70000"),
        ("IRIS_WORKERS", "0"),
        ("IRIS_WORKERS", "two"),
        ("IRIS_MAX_ROWS", "-1"),
        ("IRIS_DATABASE_URL", "predictions.db"),
        ("IRIS_DATABASE_URL", "mysql://127.0.0.1/predictions"),
        ("IRIS_DATABASE_DAYS", "0"),
        ("IRIS_FOLLOW_SECONDS", "soon"),
        ("IRIS_FOLLOW_SECONDS", "nan"),
        ("IRIS_FOLLOW_SECONDS", "-1"),
        ("IRIS_SEND_SECONDS", "0"),
        ("IRIS_KEEP_ALIVE_SECONDS", "inf"),
        ("IRIS_LOG_FORMAT", "xml"),
        ("IRIS_LOG_LEVEL", "LOUD"),
        ("IRIS_MODEL_NAME", " "),
        ("IRIS_METRICS_BIND", "9000"),
        ("IRIS_METRICS_BIND", "127.0.0.2:8000"),  # the port of IRIS_BIND
        ("IRIS_MLFLOW_PAGES", "javascript:alert(1)"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://collector"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_TRACES_SAMPLER_ARG", "half"),
    ],
)
def test_from_env_names_variable_and_bad_value(variable, value):
    with pytest.raises(ConfigError) as caught:
        Config.from_env({variable: value})

    assert str(caught.value).startswith(f"{variable} is {value!r}; set it to ")


def test_a_bad_url_is_named_without_its_password():
    with pytest.raises(ConfigError, match=r"IRIS_DATABASE_URL") as caught:
        Config.from_env({"IRIS_DATABASE_URL": "mysql://me:p@ss@host/predictions"})

    assert "'mysql://***@host/predictions'" in str(caught.value)


@pytest.mark.parametrize(
    "environ",
    [{"IRIS_MAX_BUFFERED_BYTES": "1000"}, {"IRIS_MAX_BODY_BYTES": "100000000"}],
)
def test_the_largest_body_must_fit_the_buffer(environ):
    with pytest.raises(ConfigError, match=r"IRIS_MAX_BUFFERED_BYTES.*IRIS_MAX_BODY"):
        Config.from_env(environ)


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "http://c:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c/a/"}, "http://c/a/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c/own"}, "https://c/own"),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c/own",
            },
            "https://c/own",
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318",
                "OTEL_SDK_DISABLED": "True",
            },
            None,
        ),
    ],
)
def test_traces_are_off_unless_there_is_an_endpoint(environ, url):
    assert Config.from_env(environ).traces_url == url


def test_empty_variables_of_opentelemetry_are_its_defaults():
    environ = {"OTEL_TRACES_SAMPLER": "", "OTEL_TRACES_SAMPLER_ARG": ""}

    assert Config.from_env(environ) == Config()


def test_every_setting_has_a_help_text():
    assert all(setting.metadata["help"] for setting in fields(Config))
    assert variable_name("bind") == "IRIS_BIND"
