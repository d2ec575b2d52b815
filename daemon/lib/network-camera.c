/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the syntax of NetworkCameras= and of such a camera's name in the
 * log. Pure: opens nothing, resolves no host name, since the answer to a name is
 * somebody else's to change. Called by lib/config.c and network-cameras.c.
 */
#include "lib/network-camera.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/macro.h"
#include "lib/util-string.h"

#define BLANKS " \t"
#define BITS 128U
#define MAPPED_BITS 96U /* of ::ffff:0:0/96, in front of an IPv4 address */

static void set_mask(struct ag_network_camera *c, unsigned bits)
{
        uint8_t mask[16] = {}, *address = (uint8_t *) c->address;

        for (unsigned i = 0; i < bits; i++)
                mask[i / 8] |= (uint8_t) (0x80U >> (i % 8));
        /* What lies behind the prefix is not compared: 192.0.2.7/24 is 192.0.2.0/24. */
        for (unsigned i = 0; i < sizeof(mask); i++)
                address[i] &= mask[i];
        memcpy(c->mask, mask, sizeof(mask));
}

static int parse_address(const char *text, bool *ret_v4, struct ag_network_camera *c)
{
        uint8_t *address = (uint8_t *) c->address;

        if (inet_pton(AF_INET6, text, address) == 1) {
                *ret_v4 = false;
                return 0;
        }
        if (inet_pton(AF_INET, text, address + 12) != 1)
                return -EINVAL;
        memset(address, 0, 10);
        memset(address + 10, 0xff, 2);
        *ret_v4 = true;
        return 0;
}

/* Cuts the address off the front of *p, brackets away. *p is then at what follows it. */
static int cut_address(char **p, char **ret, bool *ret_bracketed)
{
        char *end;

        *ret_bracketed = **p == '[';
        if (*ret_bracketed) {
                end = strchr(*p, ']');
                if (!end)
                        return -EINVAL;
                *ret = *p + 1;
                *end++ = '\0';
                *p = end;
                return 0;
        }
        *ret = *p;
        *p += strcspn(*p, "/:");
        return 0;
}

static int parse_port(const char *text, struct ag_network_camera *c)
{
        uint64_t port;

        if (parse_u64(text, UINT16_MAX, &port) < 0 || port == 0)
                return -EINVAL;
        c->port = (uint16_t) port;
        return 0;
}

/* "/PREFIX" and ":PORT", each or neither. */
static int parse_rest(char *rest, unsigned width, struct ag_network_camera *c, unsigned *ret_bits)
{
        char *colon = strchr(rest, ':');
        uint64_t bits = width;

        if (colon)
                *colon = '\0';
        if (*rest && (*rest != '/' || parse_u64(rest + 1, width, &bits) < 0))
                return -EINVAL;
        *ret_bits = (unsigned) bits;
        return colon ? parse_port(colon + 1, c) : 0;
}

static int parse_item(char *text, struct ag_network_camera *ret)
{
        struct ag_network_camera c = { .used = 1 };
        char *address, *rest = text, end;
        bool bracketed, v4;
        unsigned bits;
        int r;

        if (text[0] == '*') {
                if (text[1] != ':' || parse_port(text + 2, &c) < 0)
                        return -EINVAL;
                *ret = c;
                return 0;
        }
        r = cut_address(&rest, &address, &bracketed);
        if (r < 0)
                return r;
        end = *rest;
        *rest = '\0';
        r = parse_address(address, &v4, &c);
        *rest = end;
        /* Without brackets nobody could tell an IPv6 address from its port. */
        if (r < 0 || v4 == bracketed)
                return -EINVAL;
        r = parse_rest(rest, v4 ? BITS - MAPPED_BITS : BITS, &c, &bits);
        if (r < 0)
                return r;
        set_mask(&c, v4 ? MAPPED_BITS + bits : bits);
        *ret = c;
        return 0;
}

int network_cameras_parse(const char *text, struct ag_network_camera ret[AG_NETWORK_CAMERAS_MAX])
{
        _cleanup_free_ char *copy = NULL;
        char *state = NULL;
        int n = 0, r;

        if (streq(text, "none"))
                return 0;
        copy = strdup(text);
        if (!copy)
                return -ENOMEM;
        for (char *item = strtok_r(copy, BLANKS, &state); item; item = strtok_r(NULL, BLANKS, &state)) {
                if (n == AG_NETWORK_CAMERAS_MAX)
                        return -E2BIG;
                r = parse_item(item, &ret[n]);
                if (r < 0)
                        return r;
                n++;
        }
        return n > 0 ? n : -EINVAL;
}

void network_camera_name_event(struct ag_event *ev)
{
        char text[INET6_ADDRSTRLEN];
        struct in6_addr a;

        _Static_assert(sizeof(a) == sizeof(ev->inode), "an address is where the inode would be");
        memcpy(&a, &ev->inode, sizeof(a));
        if (IN6_IS_ADDR_V4MAPPED(&a)) {
                (void) inet_ntop(AF_INET, &a.s6_addr[12], text, sizeof(text));
                snprintf(ev->path, sizeof(ev->path), "%s:%u", text, ev->rdev);
        } else {
                (void) inet_ntop(AF_INET6, &a, text, sizeof(text));
                snprintf(ev->path, sizeof(ev->path), "[%s]:%u", text, ev->rdev);
        }
        ev->path_len = (uint32_t) strlen(ev->path);
}
