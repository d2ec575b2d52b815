/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The least that any fanotify daemon must do: says yes to every open of one
 * file system. What the fanotify backend costs is printed beside it. Ends when
 * its standard input does, so that it never outlives the script that started it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

static void die(const char *what)
{
        fprintf(stderr, "responder: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void answer(int group)
{
        _Alignas(struct fanotify_event_metadata) char buffer[64 * FAN_EVENT_METADATA_LEN];
        ssize_t n = read(group, buffer, sizeof(buffer));
        const struct fanotify_event_metadata *m;

        for (m = (const void *) buffer; FAN_EVENT_OK(m, n); m = FAN_EVENT_NEXT(m, n)) {
                const struct fanotify_response r = { .fd = m->fd, .response = FAN_ALLOW };

                if (write(group, &r, sizeof(r)) < 0)
                        die("write");
                (void) close(m->fd);
        }
}

int main(int argc, char **argv)
{
        int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);

        if (argc != 2 || group < 0)
                die("usage: responder MOUNT-POINT, as root");
        if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM, AT_FDCWD, argv[1]) < 0)
                die(argv[1]);
        puts("ready");
        (void) fflush(stdout);
        for (;;) {
                struct pollfd fds[] = { { .fd = group, .events = POLLIN }, { .fd = 0, .events = POLLIN } };

                if (poll(fds, 2, -1) < 0 && errno != EINTR)
                        die("poll");
                if (fds[1].revents)
                        return 0;
                if (fds[0].revents)
                        answer(group);
        }
}
