import psutil
import pytest
from joblib.parallel import get_active_backend
from kedro.pipeline import Node, Pipeline

from iris_kedro.cluster.backend import ClusterBackend
from iris_kedro.errors import ProjectError
from iris_kedro.hooks.cluster import ClusterHooks

LOCAL = {"engine": "dask", "workers": 1}
TRAIN = Node(len, "data", "length", name="train", tags="cluster")
REPORT = Node(len, "data", "report", name="report")


@pytest.fixture
def configure():
    """Return a function that makes hooks of a run with some parameters."""
    opened = []

    def configure(cluster):
        hooks = ClusterHooks()
        opened.append(hooks)
        hooks.after_catalog_created({"parameters": {"cluster": cluster}})
        return hooks

    yield configure
    for hooks in opened:
        hooks.on_pipeline_error()


def find_backend():
    return type(get_active_backend()[0])


def list_children():
    return {each.pid for each in psutil.Process().children(recursive=True)}


@pytest.mark.slow
def test_node_with_the_tag_has_the_cluster_until_it_ends(configure):
    before = list_children()
    hooks = configure(LOCAL)
    usual = find_backend()

    hooks.before_pipeline_run(Pipeline([TRAIN, REPORT]))
    hooks.before_node_run(REPORT)
    assert find_backend() == usual
    hooks.before_node_run(TRAIN)
    assert find_backend() == ClusterBackend
    assert list_children() > before
    hooks.after_node_run(TRAIN)
    assert find_backend() == usual

    hooks.after_pipeline_run()
    assert not [each for each in psutil.Process().children() if "spawn" in each.name()]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["on_pipeline_error", "after_catalog_created"])
def test_cluster_ends_with_a_run_that_failed_or_was_interrupted(configure, way):
    hooks = configure(LOCAL)
    hooks.before_pipeline_run(Pipeline([TRAIN]))
    hooks.before_node_run(TRAIN)

    if way == "on_pipeline_error":
        hooks.on_node_error(TRAIN)
        hooks.on_pipeline_error()
    else:  # the next run of this process
        hooks.after_catalog_created({"parameters": {}})

    assert find_backend() != ClusterBackend
    assert hooks._client is None


@pytest.mark.parametrize(
    ("cluster", "nodes"), [({}, [TRAIN]), (LOCAL, [REPORT])], ids=["engine", "nodes"]
)
def test_no_cluster_is_started_without_need(configure, cluster, nodes):
    before = list_children()
    hooks = configure(cluster)

    hooks.before_pipeline_run(Pipeline(nodes))
    hooks.before_node_run(nodes[0])

    assert find_backend() != ClusterBackend
    assert list_children() == before


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({"engine": "spark"}, r"cluster\.engine: Input should be 'local' or 'dask'"),
        ({"workers": 0}, r"cluster\.workers: .*greater than or equal to 1"),
        ({"wait_seconds": 0}, r"cluster\.wait_seconds: .*greater than 0"),
    ],
)
def test_wrong_parameter_is_named(configure, cluster, message):
    with pytest.raises(ProjectError, match=message):
        configure(cluster)
