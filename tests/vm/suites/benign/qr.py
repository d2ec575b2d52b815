#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A ticket reader: takes frames from the camera, finds the QR code in one and reads it.

The test's camera shows a pattern, so the ticket is drawn into its frames, as if somebody held it there. Debian's
OpenCV finds codes and is built without the part that turns modules into text, so what is read is the modules.
"""
import sys

import cv2
import numpy

MARGIN = 2  # modules that the encoder draws around the code


def main():
    camera = cv2.VideoCapture(sys.argv[1], cv2.CAP_V4L2)
    if not camera.isOpened():
        raise SystemExit("the camera does not open")
    code = cv2.QRCodeEncoder_create().encode("ticket 4711")
    modules = code[MARGIN:-MARGIN, MARGIN:-MARGIN] > 127
    n = modules.shape[0]
    ticket = cv2.resize(code, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    ticket = cv2.cvtColor(cv2.copyMakeBorder(ticket, 32, 32, 32, 32, cv2.BORDER_CONSTANT, value=255), cv2.COLOR_GRAY2BGR)
    for _ in range(5):
        good, frame = camera.read()
        if not good:
            raise SystemExit("the camera opens and gives no frame")
        # As if the paper filled most of the picture, in bright light.
        frame = cv2.convertScaleAbs(cv2.resize(frame, (640, 480)), alpha=0.1, beta=225)
        height, width = ticket.shape[:2]
        frame[60 : 60 + height, 120 : 120 + width] = ticket
        found, corners = cv2.QRCodeDetector().detect(frame)
        if not found:
            continue
        size = n * 10
        square = numpy.float32([[0, 0], [size, 0], [size, size], [0, size]])
        flat = cv2.warpPerspective(frame, cv2.getPerspectiveTransform(corners.reshape(4, 2), square), (size, size))
        seen = cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY)[5::10, 5::10] > 127
        right = int((seen == modules).sum())
        print(f"read: {right} of {n * n} modules")
        if right * 100 >= n * n * 97:
            return 0
    raise SystemExit("no code read")


if __name__ == "__main__":
    sys.exit(main())
