/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * accepted_domains.h - the keys whose values are names of domains and hosts.
 */
#ifndef ACCEPTED_DOMAINS_H
#define ACCEPTED_DOMAINS_H

#include "schema.h"

/* A host's name, kept as it is written: const char *. */
decode_fn domains_host;
/* A list of accepted domains, and of files of them: an array of struct
 * accepted_domain and its count. */
decode_fn domains_decode;

/* One entry of that list. */
extern const struct record domains_record;
extern const struct field domains_element;
/* One name on a certificate, in lower case, "*." allowed: const char *. */
extern const struct field domains_tls_name;
/* The same of a server that is trusted: none that many tenants share. */
extern const struct field domains_server_name;
/* The words of an accepted domain's type: enum domain_type. */
extern const struct words domains_types;
/* What a host's name looks like, for editors. */
extern const char domains_host_pattern[];

#endif
