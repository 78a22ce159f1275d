"""The stages of the story."""

import subprocess
from dataclasses import dataclass

from demo.loop.expectations import Expectations
from demo.loop.flowers import LARGE, FlowerSampler
from demo.loop.narration import Narrator, require
from demo.loop.processes import read_end
from demo.loop.project import CommandFailed, Project
from demo.loop.records import Records
from demo.loop.service import Service
from demo.loop.traffic import Traffic
from iris_kedro.registry import GUARDED, SHARE, VERDICT
from iris_kedro.watcher.rules import Action, Outcome

LABELS = 800  # sent at once
SEED = 7
SHARES = (0.05, 0.25, 1.0)
FIRST, RETRAINED, BAD = "1", "2", "3"
MISLABELLED = "mislabelled.csv"
BAD_REASON = "the labels were checked by hand"


def train(narrator: Narrator, project: Project, records: Records) -> None:
    """Release the first model."""
    with narrator.stage("Train", "kedro run --env loop trains on iris, 150 rows"):
        project.run("train", "run")
        aliases = records.aliases()
        require("version 1 in Production", aliases, aliases == {"Production": FIRST})
        verdict = records.tags(FIRST)[VERDICT]
        narrator.say(f"Version 1 is in Production: {verdict}")


@dataclass
class Story:
    """The stages that need a running service."""

    narrator: Narrator
    project: Project
    records: Records
    service: Service
    watcher: subprocess.Popen[bytes]
    traffic: Traffic

    def __post_init__(self) -> None:
        """Set up the expectations of the stages."""
        self.expect = Expectations(self.narrator, self.records, self.traffic)

    def run(self) -> None:
        """Run all stages, in order."""
        self.narrator.check = self._check_processes
        self._stay_quiet()
        self._drift()
        self._decide_not_to_train()
        self._label()
        self._retrain()
        self._run_canary()
        self._force_a_bad_model()
        self._roll_back()

    def _stay_quiet(self) -> None:
        text = "Clients send measurements of irises; kedro watch monitors them"
        with self.narrator.stage("No drift", text):
            report = self.expect.wait_for_verdict(FIRST, "quiet")
            self.narrator.say(f"Monitoring: {report['reasons'][0]}")

    def _drift(self) -> None:
        text = "From now on, every flower is 1.8 times as large"
        with self.narrator.stage("Drift", text):
            self.traffic.reset()
            self.traffic.scale = LARGE
            report = self.expect.wait_for_verdict(FIRST, "data drift")
            self.narrator.say(f"Monitoring: {report['reasons'][0]}")
            self.narrator.say(f"Not known without labels: {self._describe_accuracy()}")

    def _decide_not_to_train(self) -> None:
        text = "Drift is a trigger, but there are no new labels to learn from"
        with self.narrator.stage("Decision not to train", text):
            decision = self.expect.wait_for_decision(Action.SKIP)
            require("the rule 'nothing new'", decision, decision.rule == "nothing new")
            self.narrator.say(f"kedro watch: {decision.action}: {decision.reason}")

    def _label(self) -> None:
        text = "Clients send the correct species of the latest flowers"
        with self.narrator.stage("Labels", text):
            self.narrator.wait(
                f"the service to accept {LABELS} labels",
                lambda: self.traffic.label_latest(LABELS),
                lambda sent: sent == LABELS,
            )
            _, stored = self.records.count_rows()
            require(f"{LABELS} labels stored", stored, stored == LABELS)
            decision = self.expect.wait_for_decision(Action.RUN)
            self.narrator.say(f"kedro watch: {decision.action}: {decision.reason}")

    def _retrain(self) -> None:
        text = (
            "The watcher starts kedro run with the labelled rows, and the gate decides"
        )
        with self.narrator.stage("Retrain, gate", text):
            decision = self.expect.wait_for_decision(Action.RUN, is_finished=True)
            result = (decision.outcome, decision.version)
            expected = (Outcome.CANARY, RETRAINED)
            require("version 2 as canary", decision, result == expected)
            metrics = self.records.metrics(RETRAINED)
            used = metrics["rows/labelled/rows"]
            require(f"{LABELS} labelled rows used", used, used == LABELS)
            self.narrator.say(
                f"{used:.0f} labelled rows: {metrics['rows/labelled/train']:.0f} to"
                f" train on, {metrics['rows/labelled/test']:.0f} held out"
            )
            verdict = self.records.tags(RETRAINED)[VERDICT]
            require("the verdict better", verdict, verdict == "better")
            self.narrator.say(f"Gate: {verdict}. {self.expect.read_reason(RETRAINED)}")

    def _run_canary(self) -> None:
        text = "Version 2 handles a share of the requests; both predict the same rows"
        with self.narrator.stage("Canary, promotion", text):
            self.traffic.labels = True
            for share in SHARES:
                self.expect.wait_for_share(share)
                self.narrator.say(f"{share:.0%} of the requests")
            promotion = self.expect.wait_for_event("promote", RETRAINED)
            require("a guard", promotion, promotion.guard == "set")
            self.narrator.say(f"Promoted: {promotion.reason}")
            aliases = self.records.aliases()
            expected = {"Production": RETRAINED, "Previous": FIRST}
            require(f"the aliases {expected}", aliases, aliases == expected)
            tags = self.records.tags(RETRAINED)
            require("no share", tags, SHARE not in tags)
            self.expect.wait_for_service(RETRAINED)
            self.narrator.say(f"Guarded; {self._describe_accuracy()}")

    def _force_a_bad_model(self) -> None:
        text = "A model trained on shuffled labels is promoted in spite of the gate"
        with self.narrator.stage("A bad model", text):
            source = self.project.build / MISLABELLED
            source.write_text(FlowerSampler(SEED).shuffle_labels())
            self.project.run(
                "bad", "run", "--params", f"data_engineering.source={source}"
            )
            aliases = self.records.aliases()
            require("version 3 refused", aliases, aliases.get("Challenger") == BAD)
            verdict = self.records.tags(BAD)[VERDICT]
            require("the verdict unfit", verdict, verdict == "unfit")
            self.narrator.say(f"Gate: {verdict}. {self.expect.read_reason(BAD)}")
            self.project.run("promote", "model", "promote", BAD, "--reason", BAD_REASON)
            promotion = self.expect.wait_for_event("promote", BAD)
            require("a guard", promotion, promotion.guard == "set")
            self.narrator.say(f"kedro model promote 3 --reason '{BAD_REASON}'")

    def _roll_back(self) -> None:
        text = "Version 2 predicts the same rows as version 3; labels decide"
        with self.narrator.stage("Guard, rollback", text):
            event = self.expect.wait_for_event("rollback", RETRAINED)
            aliases = self.records.aliases()
            expected = {"Production": RETRAINED, "Previous": BAD}
            require(f"the aliases {expected}", aliases, aliases == expected)
            require("a hold", event, event.hold == "set" and self.records.hold())
            self.narrator.say(f"Rolled back by the watcher: {event.reason}")
            tags = self.records.tags(BAD)
            require("no guard", tags, GUARDED not in tags)
            self.expect.wait_for_service(RETRAINED)
            self.narrator.say("Releases are on hold until kedro model resume")

    def _describe_accuracy(self) -> str:
        _, right = self.traffic.measure()
        return ", ".join(
            f"version {version} is right on {share:.0%} of the flowers"
            for version, share in sorted(right.items())
        )

    def _check_processes(self) -> None:
        """Check that service, watcher and traffic are running.

        Raises:
            CommandFailed: If one of them has ended.
        """
        for name, process in (
            ("service", self.service.process),
            ("watch", self.watcher),
        ):
            if process.poll() is not None:
                log = self.project.logs / f"{name}.log"
                raise CommandFailed(
                    f"the process that writes {log} has ended with exit code"
                    f" {process.returncode}:\n{read_end(log)}"
                )
        if self.traffic.problem is not None:
            raise CommandFailed(f"a request has failed: {self.traffic.problem}")
