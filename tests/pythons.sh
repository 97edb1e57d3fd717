#!/bin/sh
# Which CPythons on this machine can run flowlet?  A name on the PATH proves nothing (it may be a
# shim, or lack what makes a virtual environment), so each is asked.
#
#   sh tests/pythons.sh first    the path of the one to use: python3 if it will do
#   sh tests/pythons.sh all      "VERSION PATH", one line for each version that the tests support
set -u

supported="3.13 3.12 3.11"

ask() { # prints "VERSION PATH" if this interpreter will do, else nothing
    "$@" -c '
import platform, sys, sysconfig
import ensurepip, venv
version = sys.version_info
free_threaded = sysconfig.get_config_var("Py_GIL_DISABLED")
if version >= (3, 11) and platform.python_implementation() == "CPython" and not free_threaded:
    print("%d.%d" % version[:2], sys.executable)
' 2>/dev/null </dev/null
}

everywhere() { # the order is the order of preference
    ask python3
    for version in $supported; do ask "python$version"; done
    if command -v pyenv >/dev/null 2>&1; then
        for version in $(pyenv versions --bare 2>/dev/null); do
            ask "$(pyenv prefix "$version" 2>/dev/null)/bin/python"
        done
    fi
    ask python
}

case "${1-}" in
first)
    found=$(everywhere | head -n 1)
    if [ -z "$found" ]; then
        {
            echo "flowlet needs CPython 3.11 or later, with its venv module, and found none."
            echo "Here, python3 is: $(python3 --version 2>&1 || true)"
            echo "Install one, or name one: make PYTHON=/path/to/python3.12"
            echo "On Debian and Ubuntu the venv module is a package of its own: python3-venv"
        } >&2
        exit 1
    fi
    echo "${found#* }"
    ;;
all)
    everywhere | while read -r version path; do
        case " $supported " in *" $version "*) echo "$version $path" ;; esac
    done | awk '!seen[$1]++' | sort -t . -k 2 -n
    ;;
*)
    echo "usage: sh tests/pythons.sh first|all" >&2
    exit 2
    ;;
esac
