"""The same training written by hand: scikit-learn and MLflow, no Kedro.

Grid-searches logistic regression and random forest, logs both and registers the best.

    python benchmarks/plain_mlflow.py FOLDER [CSV]
"""

import sys
from pathlib import Path

import mlflow
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 42
CANDIDATES = {
    "logistic_regression": (
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        {"logisticregression__C": [0.1, 1.0, 10.0, 100.0]},
    ),
    "random_forest": (
        make_pipeline(RandomForestClassifier(n_estimators=100, random_state=SEED)),
        {"randomforestclassifier__max_depth": [3, None]},
    ),
}


def load(csv: str | None) -> tuple[pd.DataFrame, pd.Series]:
    """Load a CSV with the target last, or scikit-learn's Iris."""
    if csv is None:
        iris = load_iris(as_frame=True)
        return iris.data, iris.target.map(dict(enumerate(iris.target_names)))
    data = pd.read_csv(csv)
    return data.iloc[:, :-1], data.iloc[:, -1]


def main(folder: Path, csv: str | None = None) -> None:
    """Train, log and register in a store in the folder."""
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.create_experiment("plain", artifact_location=f"{folder}/mlruns")
    mlflow.set_experiment("plain")
    X, y = load(csv)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.3, stratify=y, random_state=SEED
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    results = {}
    for name, (estimator, grid) in CANDIDATES.items():
        with mlflow.start_run(run_name=name):
            search = GridSearchCV(estimator, grid, cv=folds, n_jobs=2)
            search.fit(X_train, y_train)
            probabilities = search.predict_proba(X_test)
            accuracy = accuracy_score(y_test, search.predict(X_test))
            mlflow.log_params(search.best_params_)
            mlflow.log_metrics(
                {
                    "cv_accuracy": search.best_score_,
                    "accuracy": accuracy,
                    "log_loss": log_loss(y_test, probabilities),
                }
            )
            model = mlflow.sklearn.log_model(
                search.best_estimator_,
                name="model",
                input_example=X_train.head(2),
                skops_trusted_types=["sklearn.tree._tree.Tree"],
            )
            results[name] = (accuracy, model.model_uri)
    best = max(results, key=lambda name: results[name][0])
    mlflow.register_model(results[best][1], "iris")
    print(f"{best}: accuracy {results[best][0]:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
