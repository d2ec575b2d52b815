/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: `aiguardctl sensor`: says that a camera or microphone sees or hears
 * no persons. The node is looked at with stat(2) and never opened.
 */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ctl-declare.h"
#include "ctl-output.h"
#include "lib/device-table.h"
#include "lib/util-string.h"
#include "verbs.h"

static const char usage_text[] =
                "aiguardctl sensor declare /dev/NODE --persons=none --reason=TEXT --until=DATE|--for=30d "
                "[--out=FILE]\n"
                "aiguardctl sensor list [--json]\n"
                "aiguardctl sensor revoke ID\n\n"
                "Says that a camera or a microphone sees no persons: the camera over a conveyor. It is "
                "meant\n"
                "where it hangs now; another device with its number is not. The reason is logged and "
                "listed.\n\n"
                "Exit: 0 done; 1 refused; 2 called wrongly; 5 no rights (root).\n";

static bool is_sensor(uint32_t dev)
{
        static DeviceTable t;

        device_table_read("", &t);
        for (size_t i = 0; i < t.n; i++)
                if ((t.entries[i].dev == dev || t.entries[i].dev == (dev | AG_MINOR_ANY)) &&
                    (t.entries[i].kind == AG_DEVICE_CAMERA || t.entries[i].kind == AG_DEVICE_MICROPHONE))
                        return true;
        return false;
}

static int fill(const CtlDeclareArgs *args, Declaration *d)
{
        char real[PATH_MAX];
        struct stat st;
        int r;

        if (!args->what || !args->persons || !streq(args->persons, "none") || args->as || args->exe ||
            args->unit || args->not_ai) {
                fputs(usage_text, stderr);
                return EXIT_USAGE;
        }
        if (!realpath(args->what, real) || stat(real, &st) < 0) {
                out_error("%s: %s", args->what, strerror(errno));
                return EXIT_FAILURE;
        }
        d->dev = AG_DEV(major(st.st_rdev), minor(st.st_rdev));
        if (!S_ISCHR(st.st_mode) || !is_sensor(d->dev)) {
                out_error("%s is no camera or microphone", real);
                return EXIT_FAILURE;
        }
        r = sensor_hardware(d->dev, &d->hardware);
        if (r < 0) {
                out_error("%s: there is no such device behind this node (%s)", real, strerror(-r));
                return EXIT_FAILURE;
        }
        d->path = strdup(real);
        return d->path ? 0 : EXIT_FAILURE;
}

int verb_sensor(int argc, char **argv)
{
        static const CtlDeclareKind kind = { DECLARATION_SENSOR, usage_text, fill };

        return ctl_declare_verb(&kind, argc, argv);
}
