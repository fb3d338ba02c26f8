#!/usr/bin/env bash
# Parses docker-compose.yml with compose's own reference parser and builds deploy/k8s with kustomize.
# Both are Go programs: where Go is absent nothing is checked, which is said and is not a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly COMPOSE_PARSER=github.com/compose-spec/compose-go/v2/cmd@v2.16.2
readonly KUSTOMIZE=sigs.k8s.io/kustomize/kustomize/v5@v5.4.3

if ! command -v go >/dev/null; then
  echo 'deploy/check.sh: NOT CHECKED: Go is not installed, so docker-compose.yml and deploy/k8s were not parsed.'
  exit 0
fi

# Go's own build cache makes the second install a matter of seconds: the programs need no place to stay.
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

# The parser puts in each variable's default: it reads neither the environment nor .env (v2.16.2). About a
# variable without a default it only warns, so a message is a failure too.
compose() {
  if ! "$tools/cmd" docker-compose.yml >"$tools/out" 2>"$tools/messages" || [ -s "$tools/messages" ]; then
    cat "$tools/messages" >&2
    printf '\ndeploy/check.sh: docker-compose.yml: FAILED\n' >&2
    return 1
  fi
  echo 'docker-compose.yml: parsed, each variable with its default'
}

kubernetes() {
  if ! "$tools/kustomize" build deploy/k8s >"$tools/out"; then
    echo 'deploy/check.sh: deploy/k8s: FAILED' >&2
    return 1
  fi
  echo "deploy/k8s: $(grep -c '^kind:' "$tools/out") objects built"
}

GOBIN=$tools go install "$COMPOSE_PARSER"
GOBIN=$tools go install "$KUSTOMIZE"

failed=0
compose || failed=1
kubernetes || failed=1
exit "$failed"
