/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the MNN reader. Debian has no converter: the fields of MNN.fbs are
 * put together by the flatbuffers library itself.
 */
#include "real-files.h"

static ModelcapSet *set;

static void setup(void)
{
        set = shipped_modelcaps();
}

static void teardown(void)
{
        modelcap_set_free(set);
}

TestSuite(mnn, .init = setup, .fini = teardown);

static Bytes net(const char *arguments)
{
        char script[512];

        (void) snprintf(script, sizeof(script),
                        "sys.path.insert(0, 'tests/unit/fixtures')\nimport write_mnn\n"
                        "open(name, 'wb').write(write_mnn.net(%s))\n",
                        arguments);
        return python_file("flatbuffers", script);
}

Test(mnn, names_and_shape)
{
        static const struct {
                const char *arguments;
                int certainty;
        } cases[] = {
                { "", CERTAINTY_SUSPECT }, /* by its shape */
                { "output='prob_emotion'", CERTAINTY_IDENTIFIED },
                { "business='facial_emotion', classes=2", CERTAINTY_IDENTIFIED },
                { "classes=10, size=28", -1 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_bytes_ Bytes b = net(cases[i].arguments);
                Classification c = scan_bytes(set, &b);

                cr_assert_str_eq(c.format, "mnn", "%zu: %s", i, c.reason);
                cr_assert_eq(certainty_of(&c, "emotion.face"), cases[i].certainty, "%zu: %s", i,
                             scan_status_to_string((ScanStatus) c.status));
        }
}

Test(mnn, seeks)
{
        _cleanup_bytes_ Bytes b = net("weights=500000");

        cr_assert_gt(b.n, 4000000U);
        cr_assert_lt(scan_bytes(set, &b).bytes_read, 16384U);
}

/* Every offset may lead anywhere. */
Test(mnn, broken)
{
        _cleanup_bytes_ Bytes b = net("classes=10, size=28");

        for (size_t n = 64; n < b.n; n += 13) {
                Classification c = scan_bytes_at(set, b.data, n, "");

                cr_assert(c.status == SCAN_NOT_A_MODEL || c.status == SCAN_UNPARSABLE ||
                          c.status == SCAN_CLEAN);
        }
        for (size_t i = 0; i < b.n; i++) {
                unsigned char saved = b.data[i];
                double begin = milliseconds();

                b.data[i] = 0xf7;
                (void) scan_bytes(set, &b);
                cr_assert_lt(milliseconds() - begin, HOSTILE_MS, "byte %zu", i);
                b.data[i] = saved;
        }
        memset(b.data + 4, 0, b.n - 4);
        cr_assert_eq(scan_bytes(set, &b).status, SCAN_NOT_A_MODEL);
}
