def test_the_version_that_predicted_is_explained(make_canary, setosa):
    client = make_canary("1").test_client()
    predicted = client.post("/predict", json=setosa).json
    version = predicted["model"]["version"]

    production = client.post("/explain", json=setosa).json
    canary = client.post(f"/explain?version={version}", json=setosa).json

    assert production["model"]["version"] != version
    assert canary["model"] == predicted["model"]
    assert canary["probabilities"] == predicted["probabilities"]
    assert canary["contributions"] != production["contributions"]
