# `make demo` and `make test` need nothing done before them but Rust: they say what they install, and ask.
# With CI=true nothing is asked.

install := scripts/install $(if $(CI),--yes)

# Runs $(2) where its program $(1) is installed; elsewhere says that it was skipped.
if_there = @if command -v $(1) >/dev/null; then echo '$(2)'; $(2); else echo 'skipped: $(1) is not installed'; fi

.PHONY: demo test lint bench clean

demo:
	$(install) demo
	cargo run --locked --profile demo -- demo

# Formatting and lints first: they take seconds where the tests take minutes.
test:
	$(install) test
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --locked; else cargo test --locked; fi

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	$(call if_there,cargo-deny,cargo deny --locked check bans licenses sources)
	$(call if_there,typos,typos)
	$(call if_there,shellcheck,shellcheck scripts/install .ci/run)

# What the console's own work costs on this machine; no network, no servers.
bench:
	cargo bench --locked

clean:
	cargo clean
