/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tenants - names on certificates that do not tell one sender from another.
 *
 * Each shared name stands for itself and all its subdomains, and a wildcard
 * above it holds it as well. Below a name that is handed out to customers, only
 * a wildcard is anybody's.
 */
#include "tenants.h"

#include <stddef.h>
#include <string.h>

static const char *const shared[] = {
	"outlook.com", /* mail.protection.outlook.com: Exchange Online */
	"outlook.de",
	"office365.us",
	"partner.outlook.cn",
	"google.com", /* Google Workspace */
	"gmail.com",
	"amazonses.com",
	"amazonaws.com",
	"sendgrid.net",
	"mailgun.net",
	"mailgun.org",
	"mandrillapp.com",
	"mimecast.com",
	"messagelabs.com",
	"pphosted.com", /* Proofpoint */
	"ppe-hosted.com",
	"barracudanetworks.com",
	"sparkpostmail.com",
	"yahoodns.net",
	"zoho.com",
	"zohomail.com",
};

/* Anybody is given a host name below these, and a certificate for it. */
static const char *const handed_out[] = {
	"azurewebsites.net",
	"cloudapp.azure.com",
	"cloudapp.net",
	"ddns.net",
	"duckdns.org",
	"dyndns.org",
	"dynu.net",
	"freeddns.org",
	"github.io",
	"googleusercontent.com",
	"herokuapp.com",
	"hopto.org",
	"myfritz.net",
	"netlify.app",
	"nip.io",
	"no-ip.org",
	"pages.dev",
	"selfhost.eu",
	"sslip.io",
	"synology.me",
	"workers.dev",
};

/* Second labels below which a country registers names: "co.uk". */
static const char *const registries[] = {
	"ac",
	"co",
	"com",
	"edu",
	"gov",
	"net",
	"or",
	"org",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Whether name is domain, or below it. */
static bool
is_within(const char *name, const char *domain)
{
	size_t len = strlen(name), want = strlen(domain);

	return len >= want && strcmp(name + len - want, domain) == 0 &&
	       (len == want || name[len - want - 1] == '.');
}

bool
tenants_share(const char *name)
{
	size_t i;
	bool wild = strncmp(name, "*.", 2) == 0;

	name += wild ? 2 : 0;
	for (i = 0; i < COUNT(shared); i++)
		if (is_within(name, shared[i]) ||
		    (wild && is_within(shared[i], name)))
			return true;
	return false;
}

/* "com", "co.uk". */
static bool
is_registry(const char *name)
{
	const char *dot = strchr(name, '.');
	size_t i;

	if (!dot)
		return true;
	if (strlen(dot + 1) != 2)
		return false;
	for (i = 0; i < COUNT(registries); i++)
		if (strlen(registries[i]) == (size_t)(dot - name) &&
		    strncmp(name, registries[i], (size_t)(dot - name)) == 0)
			return true;
	return false;
}

bool
strangers_obtain(const char *name)
{
	size_t i;

	if (strncmp(name, "*.", 2) != 0)
		return false;
	name += 2;
	if (is_registry(name))
		return true;
	for (i = 0; i < COUNT(handed_out); i++)
		if (is_within(handed_out[i], name))
			return true;
	return false;
}
