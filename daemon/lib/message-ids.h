/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MESSAGE_IDS_H
#define MESSAGE_IDS_H
/*
 * One MESSAGE_ID for each kind of journal entry. Each has its text in
 * packaging/catalog/aiguard.catalog, a test compares the two. An id is never
 * used for something else later: collectors match on it.
 */
#include <stddef.h>

/* clang-format off */
#define MESSAGE_ID_MODEL_REFUSED         "819395510b4b4f0c83dd3588791d7507"
#define MESSAGE_ID_MODEL_AUDITED         "b3a1813ad1e54a159c3ef3616fecc7db"
#define MESSAGE_ID_MODEL_REPORTED        "037521319b7643c2bd27ebcc65ff336d"
#define MESSAGE_ID_SENSOR_REFUSED        "38e9a86c3f564062b5506065f1c553d4"
#define MESSAGE_ID_SENSOR_AUDITED        "011c1cf6dbfc4e9c9d7a4f25f75ad84a"
#define MESSAGE_ID_SENSOR_REPORTED       "eb1f3568f55f4f3eac915a11dc78c6d1"
#define MESSAGE_ID_SESSION_START         "519b528145294498b9bb61e4f3606c1f"
#define MESSAGE_ID_SESSION_END           "8188367ada24407f9682548c3e0be56c"
#define MESSAGE_ID_REPEATED              "2bb7b1c8d0ae458885cb5f1374d1d96d"
#define MESSAGE_ID_ENTRIES_LOST          "29811438ccf3446b8a69e07b3db5590d"
#define MESSAGE_ID_DAEMON_STARTED        "db6574f424e84473887e3890eb0f1a36"
#define MESSAGE_ID_BACKEND_WEAK          "3401355df10d4402b4880dd707538f99"
#define MESSAGE_ID_DAEMON_STOPPED        "f7f8e954171b4893a712a9c05287ac81"
#define MESSAGE_ID_POLICY_APPLIED        "8a460b794bf74612bc104aab4d566d01"
#define MESSAGE_ID_POLICY_REJECTED       "1b470c4e7f584aea8e14ed15fc7897f5"
#define MESSAGE_ID_PREVIOUS_RUN          "9dda6a972f034447aae8e9c42d40e26e"
#define MESSAGE_ID_SCAN_FAILED           "90be6db750614408b9955fbbfc85b3a2"
#define MESSAGE_ID_EMERGENCY_ON          "0a75b733d1c84dcbae7e8b01f16b5161"
#define MESSAGE_ID_EMERGENCY_OFF         "8eb041c845344e0a8b206a393e99d957"
#define MESSAGE_ID_DECLARATION_ADDED     "d4a62b09744a4cc4875cb43e661e8f8d"
#define MESSAGE_ID_DECLARATION_ENDED     "e96c706eecf34bcba193d4d26516584e"
#define MESSAGE_ID_OLDER_WORKLOAD        "6f8c13ffde0c43969f9bdd20fece5ef8"
#define MESSAGE_ID_MODEL_RAISED          "dd2d1080919c4b3198c240c44f26a1d4"
#define MESSAGE_ID_CONSENT_IMPORTED      "6312fdd9f7254188b4f29cc81ee42bd7"
#define MESSAGE_ID_CONSENT_WITHDRAWN     "c431948c20d34c9187295d7c37fde82b"
#define MESSAGE_ID_CONSENT_EXPIRED       "772ae7949d5447c38d15386037cc657b"
#define MESSAGE_ID_CONSENT_REFUSED       "aafd9e32c5db45fb84af6322ff2173c1"
#define MESSAGE_ID_SENSOR_STOPPED        "1680ca2c999947b48201abbd0eb57718"
/* clang-format on */

typedef struct MessageId {
        const char *name; /* model-refused */
        const char *id;
        const char *what;
} MessageId;

/* Every id above; the last has a NULL name. */
extern const MessageId message_ids[];

const char *message_id_name(const char *id); /* "model-refused", NULL when it is none of ours */

#endif
