"""The runbook: every alert has a section whose commands exist and can be executed."""

import ast
import os
import re
import shlex
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
import yaml

from iris_kedro.cli import cli

ROOT = Path(__file__).parents[2]
COMMANDS = ROOT / "deploy" / "runbook.sh"
RULES = ROOT / "deploy" / "prometheus" / "rules"
BASH = "/bin/bash"
STEPS = ("Look", "Stop the harm", "It worked")
SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
METRIC = re.compile(r"(?<![\w:])(?:serving|watcher|monitoring)_\w+(?![\w:])")
RECORDED = re.compile(r"(?<![\w:])\w+:\w+:\w+")
# Of a metric with labels, a histogram or a counter.
SUFFIX = re.compile(r"_(total|bucket|sum|count)$")
# What the images have; there is no shell, no curl.
PROGRAMS = {
    "serving": {"python"},
    "follower": {"python"},
    "watcher": {"python", "kedro"},
    "prometheus": {"promtool"},
}
# The arguments of each call, separated by the characters that ASCII has for it.
STAND_IN = r"""#!/bin/bash
printf '%s\x1f' "${0##*/}" "$@" >>"$RECORD"
printf '\x1e' >>"$RECORD"
echo "$0" "$@"
"""


def read_sections() -> dict[str, str]:
    runbook = (ROOT / "docs/how-to/runbook.md").read_text()
    return dict(SECTION.findall(runbook))


def read_alerts() -> set[str]:
    groups = yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"]}


def read_steps(section: str) -> dict[str, list[str]]:
    """Return the commands of each step."""
    block = section.split("```sh\n")[1].partition("```")[0]
    steps: dict[str, list[str]] = {}
    for line in block.splitlines():
        if line.startswith("# "):
            steps[line[2:]] = []
        else:
            list(steps.values())[-1].append(line)
    return steps


def split(command: str) -> list[str]:
    return shlex.split(command, comments=True)


SECTIONS = read_sections()
COMMANDS_OF = {
    name: [line for lines in read_steps(section).values() for line in lines]
    for name, section in SECTIONS.items()
}
ALL = sorted({line for lines in COMMANDS_OF.values() for line in lines})


def find_commands(*names: str) -> list[str]:
    return [command for command in ALL if split(command)[0] in names]


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Return all texts of the source that could be the name of a metric."""
    found = set()
    for folder in ("serving", "src/iris_kedro/watcher", "src/iris_kedro/monitoring"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return found


def is_exported(metric: str, names: set[str]) -> bool:
    """Check that the source has the name, or both halves of it."""
    plain = SUFFIX.sub("", metric)
    if {metric, plain} & names:
        return True
    halves = (plain[:place] for place in range(1, len(plain)) if plain[place] == "_")
    return any(
        (half in names or f"{half}_" in names)
        and {plain[len(half) :], plain[len(half) + 1 :]} & names
        for half in halves
    )


def test_every_alert_has_a_section_and_no_other():
    assert set(SECTIONS) == read_alerts()


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS.keys())
def test_a_section_says_what_to_do(section):
    steps = read_steps(section)

    assert re.match(r"\n\*(Critical|Warning|None)[.*]", section)
    assert "**Impact.** " in section
    assert tuple(steps) == STEPS
    assert [len(steps[step]) for step in STEPS] == [3, 1, 1]


def test_severities_are_those_of_the_rules():
    groups = yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]
    severities: dict[str, set[str]] = {}
    for rule in (rule for group in groups for rule in group["rules"]):
        severities.setdefault(rule["alert"], set()).add(rule["labels"]["severity"])

    for name, section in SECTIONS.items():
        stated = section.partition("**Impact.**")[0].lower()
        assert {each for each in severities[name] if f"*{each}" in stated} == (
            severities[name]
        ), name


def test_metrics_of_the_commands_are_exported(names):
    recorded = set(re.findall(r"record: (\S+)", (RULES / "recording.yml").read_text()))
    commands = "\n".join(ALL)

    used = set(METRIC.findall(commands))

    assert set(RECORDED.findall(commands)) <= recorded
    assert {each for each in used if not is_exported(each, names)} == set()


def test_metrics_of_the_rules_are_exported(names):
    expressions = " ".join(
        rule["expr"]
        for file in RULES.glob("*.yml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    )

    used = set(METRIC.findall(expressions))

    assert {each for each in used if not is_exported(each, names)} == set()
    assert not is_exported("serving_unheard_of_total", names)


@pytest.mark.parametrize("command", find_commands("logs"))
def test_log_lines_are_written_by_the_service(command):
    _, service, text = split(command)
    folder = {"serving": "serving", "watcher": "src/iris_kedro/watcher"}[service]
    if text.startswith('"'):  # a field of a JSON line
        assert re.fullmatch(r'"(\w+)":\w+', text)
        text = text.split('"')[1]
    sources = (file.read_text() for file in (ROOT / folder).rglob("*.py"))

    assert any(text in source for source in sources)


@pytest.mark.parametrize("command", find_commands("model", "watch"))
def test_commands_of_kedro_exist(command):
    name, *arguments = split(command)
    group = cli.commands[name]
    child = group.commands[arguments[0]]

    with child.make_context(arguments[0], arguments[1:]) as context:
        assert isinstance(context, click.Context)


@pytest.fixture
def run(tmp_path):
    """Run a command; docker and kubectl only note how they are called."""
    bin_folder, record = tmp_path / "bin", tmp_path / "record"
    bin_folder.mkdir()
    for name in ("docker", "kubectl"):
        program = bin_folder / name
        program.write_text(STAND_IN)
        program.chmod(0o755)

    def run(platform: str, command: str) -> tuple[list[list[str]], str]:
        environ = {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "RECORD": str(record),
        }
        ran = subprocess.run(
            [BASH, "-c", f"source {COMMANDS} {platform}; {command}"],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        text = record.read_text() if record.exists() else ""
        calls = [call.split("\x1f")[:-1] for call in text.split("\x1e")[:-1]]
        return calls, ran.stderr

    return run


def find_executed(call: list[str]) -> tuple[str, list[str]] | None:
    """Return the service or container and the command that a call executes in it."""
    if "exec" not in call:
        return None
    after = call[call.index("exec") + 1 :]
    if call[0] == "docker":
        assert after[0] == "-T"
        return after[1], after[2:]
    options, command = after[: after.index("--")], after[after.index("--") + 1 :]
    if "--container" in options:
        return options[options.index("--container") + 1], command
    return options[0].removeprefix("deployment/iris-"), command


def test_scaling_on_one_machine_says_what_to_set(run):
    _, errors = run("compose", find_commands("scale")[0])

    assert "IRIS_WORKERS" in errors


@pytest.mark.parametrize(
    ("platform", "program"), [("compose", "docker"), ("kubernetes", "kubectl")]
)
@pytest.mark.parametrize("section", COMMANDS_OF)
def test_commands_run_without_a_shell_in_the_container(run, platform, program, section):
    without = find_commands("scale") if platform == "compose" else []
    commands = [each for each in COMMANDS_OF[section] if each not in without]

    calls, errors = run(platform, "\n".join(commands))

    assert errors == ""
    assert len(calls) >= len(commands)
    assert {call[0] for call in calls} == {program}
    for service, (name, *arguments) in filter(None, map(find_executed, calls)):
        assert name in PROGRAMS[service]
        if "-c" in arguments:
            ast.parse(arguments[arguments.index("-c") + 1])
        if "-m" in arguments:
            assert find_spec(arguments[arguments.index("-m") + 1])


@pytest.mark.parametrize(
    ("platform", "call"),
    [
        (
            "kubernetes",
            "kubectl --namespace iris exec deployment/iris-watcher -- kedro model"
            " rollback --reason a b",
        ),
        (
            "compose",
            f"docker compose --file {COMMANDS.parent}/compose/compose.yaml exec -T"
            " watcher kedro model rollback --reason a b",
        ),
    ],
)
def test_a_rollback_runs_in_the_watcher(run, platform, call):
    [ran], _ = run(platform, "model rollback --reason 'a b'")

    assert " ".join(ran) == call


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS.keys())
def test_a_model_is_rolled_back_under_a_condition_only(section):
    """A healthy model must not be the victim of another cause."""
    [line] = read_steps(section)["Stop the harm"]

    assert "#" in line or not line.startswith("model rollback")


def test_the_store_is_not_filled_beside_a_follower():
    """``--once`` does nothing then, as a running follower has the lock of the store."""
    assert [command for command in ALL if "--once" in split(command)] == []


def test_the_follower_of_one_pod_is_restarted(run):
    [call], _ = run("kubernetes", "restart_follower iris-serving-abc")
    manifest = ROOT / "deploy" / "kubernetes" / "base" / "deployment.yaml"
    pod = yaml.safe_load(manifest.read_text())["spec"]["template"]["spec"]
    commands = {each["name"]: each.get("command") for each in pod["containers"]}

    name, _ = find_executed(call)

    assert call[call.index("exec") + 1] == "pod/iris-serving-abc"
    assert "os.kill(1, " in call[-1]
    # Process 1 is the follower only if neither a shell nor an init starts it.
    assert commands[name] == ["python", "-m", "serving.registry.follower"]


@pytest.mark.parametrize("name", ["replace", "restart_follower"])
def test_the_remedy_for_one_instance_spares_the_others(run, name):
    [call], _ = run("kubernetes", f"{name} iris-serving-abc")

    assert {"iris-serving-abc", "pod/iris-serving-abc"} & set(call)
    assert not any("deployment/" in word for word in call)


def test_another_shell_is_refused(require):
    dash = shutil.which("dash")
    require("dash", dash, "dash is not installed")

    ran = subprocess.run(
        [dash, "-c", f". {COMMANDS}; command -v ready || echo undefined"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "deploy/runbook.sh needs bash" in ran.stderr
    assert ran.stdout == "undefined\n"


def test_another_platform_is_refused(run):
    calls, errors = run("swarm", "true")

    assert calls == []
    assert "usage: source deploy/runbook.sh compose|kubernetes" in errors
