"""`grae reproduce validity` and `grae sample --completion none`: decoding as published."""

EXPRESSIONS = ["x+1", "x*2", "sin(x)", "1/3+x", "x+x*3", "exp(x)/2", "(x)", "2", "x/3+1", "sin(2*x)"] * 6


def test_shares_of_draws_and_points_of_a_run(grae, tmp_path):
    data, run = tmp_path / "data.txt", tmp_path / "run"
    data.write_text("\n".join(EXPRESSIONS) + "\n")
    options = ["--model", "gvae", "--preset", "quick", "--epochs", "1", "--latent-dim", "3", "--device", "cpu"]
    assert grae("train", "--grammar", "arithmetic", "--data", str(data), *options, "--out", str(run)).status == 0
    rows = grae("reproduce", "validity", str(run), "-n", "20", "--draws", "3", "--json").json["runs"][str(run)]
    assert [row["codes"] for row in rows] == ["N(0, I)", "Gaussian", "GMM-10", "box"]
    assert all(0 <= row["valid"] <= row["complete"] == row["in_language"] <= row["points_complete"] for row in rows)
    printed = grae("reproduce", "validity", str(run), "-n", "20", "--draws", "3").out
    assert "GMM-10" in printed
    assert "in the language with the published weights: N(0, I) 49 %, Gaussian 97 %, GMM-10 99.6 %, box 90 %" in printed
    found = grae("sample", str(run), "-n", "50", "-t", "2", "--completion", "none", "--json").json
    assert found["n"] == round(50 * found["complete"]) == len(found["samples"])
