# What ./run and ./test share: Debian packages, the Python environment, the place for state.
#
# Sourced by bash with `repository` set. Promises: says one line per step, keeps the noise in a log file, ends
# with one sentence that tells what to do when a step fails, does nothing at all when all is there already,
# never touches an existing /etc/postfix, never starts a system service, never removes a package.

umask 022
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
export LC_ALL=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
export PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

need_root() {
    [ "$(id -u)" = 0 ] || fail "This needs root, because Postfix does: run it as root, or with sudo: sudo $0"
}

need_debian() {
    command -v apt-get >/dev/null && [ -r /etc/debian_version ] ||
        fail "Sealgate is made for Debian 12 and 13, and this machine has no apt-get: use a Debian machine."
}

# need_space DIRECTORY MEGABYTES
need_space() {
    local place=$1 free
    while [ ! -d "$place" ]; do place=$(dirname "$place"); done
    free=$(df -Pm "$place" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$2" ] ||
        fail "The disk that holds $1 has only $free MB free and $2 MB are needed: make room and start again."
}

# step TEXT LOG COMMAND...: run quietly; on failure the reason in one sentence, the noise in LOG.
step() {
    local text=$1 log=$2
    shift 2
    say "$text"
    "$@" >>"$log" 2>&1 </dev/null && return 0
    if tail -n 200 "$log" | grep -q 'No space left on device'; then
        fail "The disk is full: make room (df -h shows where) and start again. Details: $log"
    elif tail -n 200 "$log" | grep -q 'CERTIFICATE_VERIFY_FAILED'; then
        fail "This machine does not trust the certificate of the package server (a proxy that opens TLS?): set PIP_CERT to the file with its authority and start again. Details: $log"
    elif tail -n 200 "$log" | grep -qE 'SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE)'; then
        fail "This machine does not trust the certificate of the package server of npm (a proxy that opens TLS?): set NODE_EXTRA_CA_CERTS to the file with its authority and start again. Details: $log"
    elif tail -n 200 "$log" | grep -qE 'Temporary failure|Could not resolve|Failed to establish|Network is unreachable|ECONNREFUSED|ECONNRESET|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|Connection (refused|timed out)|Unable to connect|Failed to fetch|NameResolutionError|No matching distribution'; then
        fail "The package servers cannot be reached: check this machine's network or proxy and start again. Details: $log"
    elif tail -n 200 "$log" | grep -q 'Could not get lock'; then
        fail "Another program is installing packages just now: wait for it to end and start again. Details: $log"
    elif tail -n 200 "$log" | grep -q 'but remove is disabled'; then
        fail "Installing Postfix would remove another mail server from this machine, and that is yours to decide: remove it yourself (apt-get remove exim4-base, for example) and start again. Details: $log"
    elif tail -n 200 "$log" | grep -q 'THESE PACKAGES DO NOT MATCH THE HASHES\|EINTEGRITY'; then
        fail "A downloaded package is not the one that was locked, so it was not installed: start again, and do not trust this network if it happens twice. Details: $log"
    fi
    tail -n 5 "$log" >&2
    fail "That did not work; the last lines are above, everything is in $log."
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages LOG PACKAGE...: a name with '?' at its end is left out where Debian does not have it.
install_packages() {
    local log=$1 name missing=()
    shift
    for name in "$@"; do installed "${name%\?}" || missing+=("$name"); done
    # A package that Debian does not have would be missing for ever: remember what was asked for.
    local asked="/var/lib/sealgate-packages" wish="${missing[*]}"
    [ -z "$wish" ] && return 0
    [ "$(cat "$asked" 2>/dev/null)" = "$wish" ] && [[ ! "$wish" =~ [a-z0-9](\ |$) ]] && return 0
    need_space /var/cache/apt 500
    step "Reading Debian's list of packages …" "$log" apt-get update -q
    local available=()
    for name in "${missing[@]}"; do
        if [ "${name%\?}" = "$name" ] || apt-cache show "${name%\?}" >/dev/null 2>&1; then
            available+=("${name%\?}")
        fi
    done
    local fresh_postfix=no
    installed postfix || fresh_postfix=yes
    if [ ${#available[@]} -gt 0 ]; then
        prepare_services "$fresh_postfix"
        step "Installing ${available[*]} …" "$log" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-remove --no-install-recommends \
            -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "${available[@]}"
        release_services "$fresh_postfix"
    fi
    printf '%s' "$wish" >"$asked"
}

# No package may start a service of its own while it is installed, nor at the next boot.
prepare_services() {
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    if [ "$1" = yes ]; then
        echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
    fi
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common
        printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
    fi
}

release_services() {
    if [ "$(trap -p EXIT)" ]; then
        rm -f /usr/sbin/policy-rc.d
        trap - EXIT
    fi
    if [ "$1" = yes ] && [ -d /run/systemd/system ] && installed postfix; then
        systemctl disable --quiet --now postfix >/dev/null 2>&1 || true
    fi
}

# Can nobody but root change what lies at this path, and may every user enter it?
trustworthy() {
    local place
    place=$(realpath "$1")
    while :; do
        local owner mode
        read -r owner mode < <(stat -c '%u %a' "$place")
        [ "$owner" = 0 ] || return 1
        [ $((8#$mode & 1)) = 1 ] || return 1
        [ $((8#$mode & 8#22)) = 0 ] || [ $((8#$mode & 8#1000)) != 0 ] || return 1
        [ "$place" = / ] && return 0
        place=$(dirname "$place")
    done
}

# place_of NAME ROOT: where the directory NAME of this checkout really lies. Beside the checkout when service users
# can enter it and only root can change it; else ROOT/<id>, with NAME as a link to it for people.
place_of() {
    local link=$repository/$1 root=$2 target
    if [ -L "$link" ]; then
        target=$(readlink "$link")
        if [[ "$target" =~ ^$root/[0-9a-f]{12}$ ]] && [ -d "$target" ] && trustworthy "$target"; then
            printf '%s' "$target"
            return
        fi
        rm -f "$link"
    elif trustworthy "$repository"; then
        mkdir -p "$link"
        printf '%s' "$link"
        return
    elif [ -e "$link" ]; then
        fail "$link holds state, but others can change or not enter the directories above it: move it away and start again."
    fi
    target=$root/$(printf '%s' "$repository" | sha256sum | cut -c 1-12)
    mkdir -p "$target"
    ln -s "$target" "$link"
    printf '%s' "$target"
}

# make_environment DIRECTORY LOG LOCK...: a virtual environment with exactly what the locks name.
make_environment() {
    local environment=$1 log=$2
    shift 2
    local arguments=() lock stamp
    for lock in "$@"; do arguments+=(-r "$lock"); done
    stamp=$({ /usr/bin/python3 -VV; uname -m; cat "$@"; echo "$environment"; } | sha256sum)
    if [ "$(cat "$environment/.lock-digest" 2>/dev/null)" != "$stamp" ]; then
        /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
            fail "Sealgate needs Python 3.11 or newer as /usr/bin/python3: use Debian 12 or 13."
        need_space "$environment" 1000
        rm -rf "$environment"
        step "Making the Python environment …" "$log" /usr/bin/python3 -m venv "$environment"
        step "Installing Python packages, each checked by its hash …" "$log" \
            "$environment/bin/python" -m pip install --quiet --require-hashes --only-binary :all: "${arguments[@]}"
        printf '%s' "$stamp" >"$environment/.lock-digest"
    fi
}

# make_assets ENVIRONMENT LOG: the scripts of the pages, bundled beside the environment; only when their sources changed.
make_assets() {
    local environment=$1 log=$2 assets
    assets=$(dirname "$environment")/assets
    "$environment/bin/python" "$repository/tools/assets.py" --current "$assets" ||
        step "Bundling the scripts of the pages, each package checked by its hash …" "$log" \
            "$environment/bin/python" "$repository/tools/assets.py" "$assets"
}

# install_sealgate ENVIRONMENT LOG: a copy of this checkout's package; the checkout itself is never run.
install_sealgate() {
    local environment=$1 log=$2 stamp
    make_assets "$environment" "$log"
    stamp=$(cd "$repository" && find pyproject.toml README.md src assets tools/*.py -type f ! -name '*.pyc' \
        ! -path 'src/sealgate/web/static/built/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    if [ "$(cat "$environment/.source-digest" 2>/dev/null)" != "$stamp" ]; then
        export SEALGATE_ASSETS
        SEALGATE_ASSETS=$(dirname "$environment")/assets
        step "Installing Sealgate …" "$log" "$environment/bin/python" -m pip install --quiet --no-index \
            --no-deps --no-build-isolation --force-reinstall "$repository"
        printf '%s' "$stamp" >"$environment/.source-digest"
    fi
}

# make_users: the two service users and the group of those who may administer a gateway.
make_users() {
    getent group sealgate >/dev/null || groupadd --system sealgate
    getent passwd sealgate >/dev/null ||
        useradd --system --gid sealgate --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sealgate
    getent passwd sealgate-mpa >/dev/null ||
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sealgate-mpa
}
