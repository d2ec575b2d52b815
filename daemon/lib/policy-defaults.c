/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the table of defaults, and which of its columns a workload is in.
 * Data only. A policy tightens it with `defaults:`; nothing loosens it but a
 * grant. aiguard.policy(5) prints the same table, and a test compares cells.
 */
#include "lib/policy-internal.h"

#define ALLOW AG_ACTION_ALLOW
#define REPORT AG_ACTION_REPORT
#define AUDIT AG_ACTION_AUDIT
#define DENY AG_ACTION_DENY
#define ANY_GRANT (AG_GRANT_CONSENT | AG_GRANT_EXCEPTION)

/* clang-format off */
const PolicyDefaultLine policy_default_lines[_POLICY_DEFAULT_MAX] = {
        /*                                   key                 id                            medium  high   state      unless */
        [POLICY_DEFAULT_PROHIBITED] =       { "prohibited",       "default-prohibited",       { DENY,   DENY,  DENY  }, 0, AG_COL_IDENTIFIED, AG_MODELCAPS_MAX },
        [POLICY_DEFAULT_SUSPECT] =          { "suspect",          "default-suspect",          { AUDIT,  DENY,  DENY  }, 0, AG_COL_SUSPECT, AG_MODELCAPS_MAX },
        [POLICY_DEFAULT_CAPABLE] =          { "capable",          "default-capable",          { REPORT, AUDIT, AUDIT }, ANY_GRANT, AG_COL_CAPABLE, AG_MODELCAPS_MAX },
        [POLICY_DEFAULT_UNDECLARED_MODEL] = { "undeclared_model", "default-undeclared-model", { REPORT, AUDIT, DENY  }, AG_GRANT_EXCEPTION, AG_COL_UNDECLARED_MODEL, 1 },
        [POLICY_DEFAULT_SENSOR] =           { "sensor",           "default-sensor",           { DENY,   DENY,  DENY  }, ANY_GRANT, AG_COL_CAMERA, 3 },
        [POLICY_DEFAULT_UNPARSABLE] =       { "on_unparsable",    "default-unparsable",       { AUDIT,  DENY,  DENY  }, AG_GRANT_EXCEPTION, AG_COL_UNPARSABLE, 1 },
        [POLICY_DEFAULT_UNSCANNABLE] =      { "on_unscannable",   "default-unscannable",      { AUDIT,  DENY,  DENY  }, AG_GRANT_EXCEPTION, AG_COL_UNSCANNABLE, 1 },
        [POLICY_DEFAULT_UNKNOWN] =          { "on_unknown",       "default-unknown",          { DENY,   DENY,  DENY  }, 0, AG_COL_UNKNOWN, 1 },
        [POLICY_DEFAULT_DAEMON_DOWN] =      { "on_daemon_down",   "default-daemon-down",      { AUDIT,  DENY,  DENY  }, 0, AG_COL_DAEMON_DOWN, 1 },
};
/* clang-format on */

_Static_assert(AG_COL_NETWORK_CAMERA == AG_COL_CAMERA + 2, "the sensor line spans three columns");

PolicyClass policy_workload_class(const PolicyWorkload *w)
{
        if (w->state_equivalent)
                return POLICY_CLASS_STATE;
        return w->risk == POLICY_RISK_HIGH ? POLICY_CLASS_HIGH : POLICY_CLASS_MEDIUM;
}
