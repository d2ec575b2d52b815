/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the verb of the probe that opens a network camera. It is its own
 * camera: it listens on loopback, so that a connection which is let go succeeds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
} Address;

static socklen_t parse(const char *text, const char *port, Address *ret)
{
        memset(ret, 0, sizeof(*ret));
        if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
                ret->v4.sin_family = AF_INET;
                ret->v4.sin_port = htons((uint16_t) atoi(port));
                return sizeof(ret->v4);
        }
        if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) != 1)
                die(text);
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons((uint16_t) atoi(port));
        return sizeof(ret->v6);
}

/* On every address, so that an IPv4 one in IPv6 clothes arrives as well. */
static void listen_on(const char *port)
{
        Address a;
        socklen_t n = parse("::", port, &a);
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        if (fd < 0 || bind(fd, &a.any, n) < 0 || listen(fd, 1) < 0)
                die("listen");
}

int verb_connect(int argc, char **argv)
{
        Outcome o = {};
        Address a;
        socklen_t n;
        double wall;

        if (argc != 2)
                return PROBE_USAGE;
        listen_on(argv[1]);
        n = parse(argv[0], argv[1], &a);
        become_ai();
        o.fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (o.fd < 0)
                die("socket");
        wall = now_ms(CLOCK_MONOTONIC);
        o.error = connect(o.fd, &a.any, n) < 0 ? errno : 0;
        o.wall_ms = now_ms(CLOCK_MONOTONIC) - wall;
        print_outcome(argv[0], &o);
        return exit_code(&o);
}
