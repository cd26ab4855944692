#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Python 3: one script each in python/, run with the system's own interpreter.
# cases: basics threads subprocess multiprocessing asyncio sqlite mmap ctypes sockets signals files venv
# seconds: 90
. tests/programs/lib.sh
need /usr/bin/python3

if [ "$1" = venv ]; then
    input script <<'EOF'
/usr/bin/python3 -m venv --without-pip env && . env/bin/activate && command -v python | sed "s|$HOME||"
python -c 'import sys; print(sys.prefix != sys.base_prefix)'
mkdir -p lib/pack; echo 'def hello(): return "hello from a package"' >lib/pack/__init__.py
PYTHONPATH=lib python -c 'import pack; print(pack.hello(), pack.__cached__ is not None)'; ls lib/pack/__pycache__ | wc -l
deactivate; ls env/bin | sort; readlink env/bin/python3
EOF
    compare bash script
    passes 'hello from a package'
    exit
fi
cp "$programs/python/$1.py" "$input/try_$1.py"
filter="sed -E 's/thread 0x[0-9a-f]+/thread T/; s/after [0-9.]+ seconds/after T seconds/'"
compare /usr/bin/python3 -X dev -W ignore "try_$1.py"
passes '^done$'
