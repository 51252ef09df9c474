"""Exit status 0 when OpenCV can decode a frame. A process of its own, for decoders crash and talk."""

import sys

import cv2


def main(path: str) -> int:
    decoded, _frame = cv2.VideoCapture(path).read()
    return 0 if decoded else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
