# Short names for the commands of README.md and CONTRIBUTING.md.
.PHONY: setup run test check lock

setup:
	python3 -m venv .venv
	.venv/bin/pip install -e '.[prod,dev,browser]'

run:
	.venv/bin/guanjia demo

test:
	.venv/bin/pytest -q

check:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy

lock:
	uv pip compile pyproject.toml --extra prod --extra dev --extra browser --universal \
		--generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock
