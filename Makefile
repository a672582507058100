# `make demo` and `make test` need nothing done before them but Rust: they say what they install, and ask.
# With CI=true nothing is asked.

install := scripts/install $(if $(CI),--yes)

# Runs $(2) where its program $(1) is installed; elsewhere says that it was skipped.
if_there = @if command -v $(1) >/dev/null; then echo '$(2)'; $(2); else echo 'skipped: $(1) is not installed'; fi

.PHONY: demo test lint bench soak clean

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

# What the console's own work costs; then the console beside its rivals; then backups and proofs against what people run instead, on
# real servers with a few gigabytes: three quarters of an hour. MIDWATCH_BENCH=small tells only whether it works.
bench:
	$(install) test
	cargo bench --locked

# The bad days with their full counts: hours, not minutes.
soak:
	$(install) test
	MIDWATCH_SOAK=1 cargo nextest run --locked --profile soak

clean:
	cargo clean
