// OpenSSL 3, and functions for those of its macros that Swift cannot call.

#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

static inline int copenssl_set_min_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int copenssl_set_max_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline void copenssl_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }

static inline void copenssl_set_read_ahead(SSL_CTX *context) { SSL_CTX_set_read_ahead(context, 1); }

static inline void copenssl_set_dh_auto(SSL_CTX *context) { SSL_CTX_set_dh_auto(context, 1); }

static inline int copenssl_set_groups(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}

static inline void copenssl_set_session_cache(SSL_CTX *context, long mode) {
    SSL_CTX_set_session_cache_mode(context, mode);
}

typedef int (*copenssl_server_name_callback)(SSL *, int *, void *);

static inline void copenssl_set_server_name_callback(
    SSL_CTX *context, copenssl_server_name_callback callback) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
}

static inline void copenssl_set_host_name(SSL *session, const char *name) {
    SSL_set_tlsext_host_name(session, name);
}

static inline int copenssl_add_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static inline BIO *copenssl_memory(const void *bytes, int count) { return BIO_new_mem_buf(bytes, count); }

static inline long copenssl_memory_bytes(BIO *memory, char **bytes) { return BIO_get_mem_data(memory, bytes); }

/// Of memory: where it has no bytes left, more will come.
static inline void copenssl_set_empty_means_more(BIO *memory) { BIO_set_mem_eof_return(memory, -1); }

static inline void copenssl_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }

static inline void copenssl_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline int copenssl_certificate_count(const STACK_OF(X509) *list) { return sk_X509_num(list); }

static inline X509 *copenssl_certificate_at(const STACK_OF(X509) *list, int index) {
    return sk_X509_value(list, index);
}

static inline int copenssl_general_name_count(const GENERAL_NAMES *names) {
    return sk_GENERAL_NAME_num(names);
}

static inline const GENERAL_NAME *copenssl_general_name_at(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

static inline void copenssl_free_general_names(GENERAL_NAMES *names) {
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}

/// The text of a DNS name; NULL: the name is of another kind.
static inline const ASN1_STRING *copenssl_dns_name(const GENERAL_NAME *name) {
    return name->type == GEN_DNS ? name->d.dNSName : NULL;
}

static inline void copenssl_free_certificates(STACK_OF(X509) *list) { sk_X509_pop_free(list, X509_free); }

static inline void copenssl_free_memory(void *memory) { OPENSSL_free(memory); }

static inline int copenssl_session_reused(SSL *session) { return SSL_session_reused(session); }

static inline X509 *copenssl_peer_certificate(const SSL *session) { return SSL_get1_peer_certificate(session); }

/// A parameter keeps the pointer to its name, which must live on: these do.
static inline OSSL_PARAM copenssl_mac_key(void *key, size_t count) {
    return OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, count);
}

static inline OSSL_PARAM copenssl_mac_sha256(void) {
    return OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"sha256", 0);
}

/// In a number of an error: the system's, not OpenSSL's own.
static const unsigned long copenssl_system_error = ERR_SYSTEM_FLAG;

static const uint64_t copenssl_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t copenssl_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t copenssl_no_ticket = SSL_OP_NO_TICKET;
static const uint64_t copenssl_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t copenssl_ignore_missing_goodbye = SSL_OP_IGNORE_UNEXPECTED_EOF;

#endif
