/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: envelopes: parsed, verified, made. The payload is not looked into
 * before its signature holds. Pure but for the memory. Called by the store, by
 * `aiguardctl consent` and by the fuzzer.
 */
#include "lib/grant-envelope.h"

#include <string.h>

#include "lib/grant-json.h"
#include "lib/util-string.h"

Envelope *envelope_free(Envelope *v)
{
        if (!v)
                return NULL;
        free(v->payload);
        free(v);
        return NULL;
}

/* The standard allows both alphabets. -1: neither. */
static int from_base64(const char *text, unsigned char *bytes, size_t max, size_t *ret_n)
{
        static const int variants[] = { sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_URLSAFE,
                                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
                                        sodium_base64_VARIANT_URLSAFE_NO_PADDING };

        for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
                if (sodium_base642bin(bytes, max, text, strlen(text), NULL, ret_n, NULL, variants[i]) == 0)
                        return 0;
        return -1;
}

static int read_payload(const GrantObject *top, Envelope *v)
{
        const json_t *payload = json_object_get(top->o, "payload");
        size_t max;

        if (!json_is_string(payload))
                return grant_json_fail(top, GRANT_BAD_ENVELOPE, "payload");
        max = json_string_length(payload) / 4 * 3 + 3;
        v->payload = malloc(max + 1);
        if (!v->payload)
                return -ENOMEM;
        if (from_base64(json_string_value(payload), (unsigned char *) v->payload, max, &v->payload_size) < 0)
                return grant_json_fail(top, GRANT_BAD_ENVELOPE, "payload");
        v->payload[v->payload_size] = '\0';
        return 0;
}

static int read_signatures(const GrantObject *top, const json_t *list, Envelope *v)
{
        json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
        {
                const json_t *sig = json_object_get(one, "sig"), *key_id = json_object_get(one, "keyid");
                EnvelopeSignature *s = &v->signatures[v->n_signatures];
                size_t n = 0;

                if (!json_is_string(sig) || (key_id && !json_is_string(key_id) && !json_is_null(key_id)))
                        return grant_json_fail(top, GRANT_BAD_ENVELOPE, "signatures");
                if (v->n_signatures == ENVELOPE_SIGNATURES_MAX)
                        return grant_json_fail(top, GRANT_BAD_ENVELOPE, "signatures");
                /* Somebody else's signature, of another kind, may stand beside ours. */
                if (from_base64(json_string_value(sig), s->bytes, sizeof(s->bytes), &n) < 0 ||
                    n != sizeof(s->bytes))
                        continue;
                if (json_is_string(key_id) && json_string_length(key_id) < sizeof(s->key_id))
                        strcpy(s->key_id, json_string_value(key_id));
                v->n_signatures++;
        }
        return v->n_signatures > 0 ? 0 : grant_json_fail(top, GRANT_BAD_SIGNATURE, "signatures");
}

static int read_envelope(const GrantObject *top, Envelope *v)
{
        const json_t *type = json_object_get(top->o, "payloadType"),
                     *list = json_object_get(top->o, "signatures");
        int kind, r;

        if (!json_object_get(top->o, "payload") && !type && !list)
                return grant_json_fail(top,
                                       json_object_get(top->o, "record_id") ? GRANT_UNSIGNED
                                                                            : GRANT_BAD_ENVELOPE,
                                       "");
        if (!json_is_string(type))
                return grant_json_fail(top, GRANT_BAD_ENVELOPE, "payloadType");
        if (list && !json_is_array(list))
                return grant_json_fail(top, GRANT_BAD_ENVELOPE, "signatures");
        if (json_array_size(list) == 0)
                return grant_json_fail(top, GRANT_UNSIGNED, "");
        kind = grant_kind_from_payload_type(json_string_value(type));
        if (kind < 0)
                return grant_json_fail(top, GRANT_UNKNOWN_TYPE, json_string_value(type));
        v->kind = (GrantKind) kind;
        r = read_payload(top, v);
        return r < 0 ? r : read_signatures(top, list, v);
}

int envelope_parse(const char *text, size_t size, Envelope **ret, GrantError *e)
{
        _cleanup_(envelope_freep) Envelope *v = calloc(1, sizeof(*v));
        GrantObject top = { .path = "", .e = e };
        json_t *o = NULL;
        int r;

        if (!v)
                return -ENOMEM;
        r = grant_json_load(text, size, &o, e);
        if (r < 0)
                return r;
        top.o = o;
        r = read_envelope(&top, v);
        json_decref(o);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(v);
        return 0;
}

/* Pre-authentication encoding: what is signed. */
static int encode(GrantKind kind, const char *payload, size_t size, unsigned char **ret, size_t *ret_size)
{
        const char *type = grant_payload_type(kind);
        char head[160];
        int n = snprintf(head, sizeof(head), "DSSEv1 %zu %s %zu ", strlen(type), type, size);

        *ret = malloc((size_t) n + size);
        if (!*ret)
                return -ENOMEM;
        memcpy(*ret, head, (size_t) n);
        memcpy(*ret + n, payload, size);
        *ret_size = (size_t) n + size;
        return 0;
}

static const TrustKey *who_signed(const Envelope *v, const Trust *t, const unsigned char *text, size_t n,
                                  bool *ret_hinted)
{
        for (size_t i = 0; i < v->n_signatures; i++)
                for (size_t k = 0; k < t->n; k++) {
                        const EnvelopeSignature *s = &v->signatures[i];

                        if (crypto_sign_verify_detached(s->bytes, text, n, t->keys[k].public_key) == 0)
                                return &t->keys[k];
                        if (streq(s->key_id, t->keys[k].id))
                                *ret_hinted = true;
                }
        return NULL;
}

int envelope_verify(const Envelope *v, const Trust *t, uint64_t at_usec, const TrustKey **ret, GrantError *e)
{
        _cleanup_free_ unsigned char *text = NULL;
        bool hinted = false;
        const TrustKey *k;
        size_t n;
        int r = encode(v->kind, v->payload, v->payload_size, &text, &n);

        if (r < 0)
                return r;
        k = who_signed(v, t, text, n, &hinted);
        if (!k)
                return grant_fail(e, hinted ? GRANT_BAD_SIGNATURE : GRANT_KEY_UNKNOWN,
                                  hinted ? NULL : v->signatures[0].key_id);
        if (k->revoked)
                return grant_fail(e, GRANT_KEY_REVOKED, k->name);
        if (at_usec >= k->until_usec)
                return grant_fail(e, GRANT_KEY_EXPIRED, k->name);
        *ret = k;
        return 0;
}

static char *to_base64(const void *bytes, size_t n)
{
        size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
        char *text = malloc(size);

        return text ? sodium_bin2base64(text, size, bytes, n, sodium_base64_VARIANT_ORIGINAL) : NULL;
}

int envelope_make(GrantKind kind, const char *payload, size_t size,
                  const unsigned char secret[crypto_sign_SECRETKEYBYTES], char **ret)
{
        unsigned char signature[crypto_sign_BYTES], public_key[crypto_sign_PUBLICKEYBYTES];
        _cleanup_free_ unsigned char *text = NULL;
        _cleanup_free_ char *body = NULL, *sig = NULL;
        char id[TRUST_KEY_ID_MAX];
        json_t *o;
        size_t n;
        int r = encode(kind, payload, size, &text, &n);

        if (r < 0)
                return r;
        if (crypto_sign_detached(signature, NULL, text, n, secret) < 0 ||
            crypto_sign_ed25519_sk_to_pk(public_key, secret) < 0)
                return -EINVAL;
        trust_key_id(public_key, id);
        body = to_base64(payload, size);
        sig = to_base64(signature, sizeof(signature));
        if (!body || !sig)
                return -ENOMEM;
        o = json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "payload", body, "payloadType", grant_payload_type(kind),
                      "signatures", "keyid", id, "sig", sig);
        *ret = o ? json_dumps(o, JSON_COMPACT) : NULL;
        json_decref(o);
        return *ret ? 0 : -ENOMEM;
}

int grant_verify(const char *text, size_t size, const Trust *t, uint64_t at_usec, Grant **ret,
                 const TrustKey **ret_key, GrantError *e)
{
        _cleanup_(envelope_freep) Envelope *v = NULL;
        _cleanup_(grant_freep) Grant *g = NULL;
        const TrustKey *k = NULL;
        int r;

        if ((r = envelope_parse(text, size, &v, e)) < 0 || (r = envelope_verify(v, t, at_usec, &k, e)) < 0 ||
            (r = grant_parse(v->kind, v->payload, v->payload_size, &g, e)) < 0 ||
            (r = trust_key_allows(k, g, e)) < 0)
                return r;
        *ret = TAKE_PTR(g);
        *ret_key = k;
        return 0;
}
