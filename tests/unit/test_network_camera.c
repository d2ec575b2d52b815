/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overview: what NetworkCameras= takes for an address, and how an event names one. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/macro.h"
#include "lib/network-camera.h"

static struct ag_network_camera cameras[AG_NETWORK_CAMERAS_MAX];

/* The kernel's own comparison, in bpf/network.bpf.h. */
static bool is_camera(const char *address, uint16_t port, int n)
{
        struct ag_endpoint e = { .port = port };

        cr_assert_eq(inet_pton(AF_INET6, address, e.address), 1);
        for (int i = 0; i < n; i++) {
                const struct ag_network_camera *c = &cameras[i];

                if (c->used && (e.address[0] & c->mask[0]) == c->address[0] &&
                    (e.address[1] & c->mask[1]) == c->address[1] && (!c->port || c->port == port))
                        return true;
        }
        return false;
}

static int parse(const char *text)
{
        memset(cameras, 0, sizeof(cameras));
        return network_cameras_parse(text, cameras);
}

Test(network_camera, the_default_is_a_port)
{
        int n = parse(NETWORK_CAMERAS_DEFAULT);

        cr_assert_eq(n, 3);
        cr_expect(is_camera("::ffff:192.0.2.7", 554, n));
        cr_expect(is_camera("2001:db8::7", 8554, n));
        cr_expect_not(is_camera("::ffff:192.0.2.7", 80, n));
}

Test(network_camera, an_ipv4_address_in_any_clothes)
{
        int n = parse("192.0.2.7");

        cr_assert_eq(n, 1);
        cr_expect(is_camera("::ffff:192.0.2.7", 1, n));
        cr_expect_not(is_camera("::ffff:192.0.2.8", 1, n));
        cr_expect_not(is_camera("::192.0.2.7", 1, n), "only the mapped form is IPv4");
}

Test(network_camera, a_prefix_compares_no_more_than_itself)
{
        int n = parse("192.0.2.130/25:554 [2001:db8:1::99]/48");

        cr_assert_eq(n, 2);
        cr_expect(is_camera("::ffff:192.0.2.255", 554, n));
        cr_expect_not(is_camera("::ffff:192.0.2.127", 554, n));
        cr_expect_not(is_camera("::ffff:192.0.2.255", 555, n));
        cr_expect(is_camera("2001:db8:1:ffff::1", 443, n));
        cr_expect_not(is_camera("2001:db8:2::1", 443, n));
}

Test(network_camera, everything_and_nothing)
{
        cr_expect_eq(parse("0.0.0.0/0"), 1);
        cr_expect(is_camera("::ffff:203.0.113.9", 9, 1));
        cr_expect_not(is_camera("2001:db8::1", 9, 1), "IPv4 only");
        cr_expect_eq(parse("[::]/0"), 1);
        cr_expect(is_camera("::ffff:203.0.113.9", 9, 1));
        cr_expect_eq(parse("none"), 0);
}

Test(network_camera, what_is_no_address_is_refused)
{
        static const char *const bad[] = {
                "",
                " ",
                "*",
                "*:0",
                "*:65536",
                "camera.example",
                "192.0.2",
                "192.0.2.7/",
                "192.0.2.7/33",
                "192.0.2.7:",
                "2001:db8::1",
                "2001:db8::1:554",
                "[192.0.2.7]",
                "[2001:db8::1",
                "[::1]/129",
                "[::1]554",
                "none *:554",
                "192.0.2.7:554:1",
                "192.0.2.7/24/24",
                "[]",
                "192.0.2.7:554/24",
                "*:-1",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_expect_eq(parse(bad[i]), -EINVAL, "%s", bad[i]);
}

Test(network_camera, no_more_than_there_is_room_for)
{
        char text[AG_NETWORK_CAMERAS_MAX * 8 + 16] = "";

        for (int i = 0; i < AG_NETWORK_CAMERAS_MAX; i++)
                strcat(text, "*:554 ");
        cr_expect_eq(parse(text), AG_NETWORK_CAMERAS_MAX);
        strcat(text, "*:555");
        cr_expect_eq(parse(text), -E2BIG);
}

Test(network_camera, names)
{
        struct ag_event ev = { .rdev = 554 };

        inet_pton(AF_INET6, "::ffff:192.0.2.7", &ev.inode);
        network_camera_name_event(&ev);
        cr_expect_str_eq(ev.path, "192.0.2.7:554");
        cr_expect_eq(ev.path_len, strlen(ev.path));
        inet_pton(AF_INET6, "2001:db8::7", &ev.inode);
        network_camera_name_event(&ev);
        cr_expect_str_eq(ev.path, "[2001:db8::7]:554");
}
