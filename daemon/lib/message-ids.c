/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: the list of MESSAGE_IDs with their names, for `aiguardctl
 * violations` and for the test that holds it against the catalog.
 */
#include "lib/message-ids.h"

#include <string.h>

/* clang-format off */
const MessageId message_ids[] = {
        { "model-refused", MESSAGE_ID_MODEL_REFUSED, "a model was not opened" },
        { "model-audited", MESSAGE_ID_MODEL_AUDITED, "a model was opened, enforcing would have refused or asked attention" },
        { "model-reported", MESSAGE_ID_MODEL_REPORTED, "a model was opened, for the inventory" },
        { "sensor-refused", MESSAGE_ID_SENSOR_REFUSED, "a camera or microphone was not opened" },
        { "sensor-audited", MESSAGE_ID_SENSOR_AUDITED, "a camera or microphone was opened, enforcing would have refused" },
        { "sensor-reported", MESSAGE_ID_SENSOR_REPORTED, "a camera or microphone was opened, for the inventory" },
        { "session-start", MESSAGE_ID_SESSION_START, "an AI workload began to use a sensor" },
        { "session-end", MESSAGE_ID_SESSION_END, "an AI workload ended its use of a sensor" },
        { "repeated", MESSAGE_ID_REPEATED, "repeats of an entry, summed up" },
        { "entries-lost", MESSAGE_ID_ENTRIES_LOST, "entries that were not written" },
        { "daemon-started", MESSAGE_ID_DAEMON_STARTED, "rules are in force from here on" },
        { "backend-weak", MESSAGE_ID_BACKEND_WEAK, "enforced by the weaker backend, or not at all" },
        { "daemon-stopped", MESSAGE_ID_DAEMON_STOPPED, "the daemon ended" },
        { "policy-applied", MESSAGE_ID_POLICY_APPLIED, "a policy came into force" },
        { "policy-rejected", MESSAGE_ID_POLICY_REJECTED, "a policy was not understood, the old one stays" },
        { "previous-run", MESSAGE_ID_PREVIOUS_RUN, "opens of an earlier run were answered with a refusal" },
        { "scan-failed", MESSAGE_ID_SCAN_FAILED, "a file could not be judged" },
        { "emergency-on", MESSAGE_ID_EMERGENCY_ON, "refusals of a workload are only logged for a while" },
        { "emergency-off", MESSAGE_ID_EMERGENCY_OFF, "refusals of a workload count again" },
        { "declaration-added", MESSAGE_ID_DECLARATION_ADDED, "an owner corrected a classification" },
        { "declaration-ended", MESSAGE_ID_DECLARATION_ENDED, "a correction ended" },
        { "older-workload", MESSAGE_ID_OLDER_WORKLOAD, "an AI workload is older than enforcement" },
        { "model-raised", MESSAGE_ID_MODEL_RAISED, "a workload's code makes more of a model that it has read already" },
        { "consent-imported", MESSAGE_ID_CONSENT_IMPORTED, "a consent or another grant is in force" },
        { "consent-withdrawn", MESSAGE_ID_CONSENT_WITHDRAWN, "a grant was withdrawn or revoked" },
        { "consent-expired", MESSAGE_ID_CONSENT_EXPIRED, "the time of a grant is over" },
        { "consent-refused", MESSAGE_ID_CONSENT_REFUSED, "a grant was not taken" },
        { "sensor-stopped", MESSAGE_ID_SENSOR_STOPPED, "the use of a sensor was stopped, its consent had ended" },
        { NULL, NULL, NULL },
};
/* clang-format on */

const char *message_id_name(const char *id)
{
        for (const MessageId *m = message_ids; m->name; m++) {
                if (strcmp(m->id, id) == 0)
                        return m->name;
        }
        return NULL;
}
