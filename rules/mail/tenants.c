/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tenants - names on certificates that many tenants of a provider share.
 *
 * Each entry stands for itself and all its subdomains. A wildcard above an
 * entry would hold it as well.
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
	for (i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (is_within(name, shared[i]) ||
		    (wild && is_within(shared[i], name)))
			return true;
	return false;
}
