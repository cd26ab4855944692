# SPDX-License-Identifier: Apache-2.0
# Random numbers of every kind, drawn again and again: a copy never draws what another one does.
import os
import time

for _ in range(60):
    with open("/dev/urandom", "rb") as device:
        print(os.getrandom(8).hex(), device.read(8).hex(), flush=True)
    time.sleep(0.02)
