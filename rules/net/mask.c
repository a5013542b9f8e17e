/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netmask - netmasks, which other programs write and we advise against.
 *
 * The only user of <libcidr.h>, which knows which netmasks are a prefix
 * length. It must not see raw text, which overflows its heap; it is given
 * what address.c printed, behind some padding, since it reads before the
 * beginning of a short string.
 */
#include "addresses.h"

#include <errno.h>
#include <libcidr.h>
#include <stdio.h>

enum { PADDING = 16 }; /* libcidr looks back up to this far */

int
netmask_length(const struct netaddr *mask, unsigned *length)
{
	char padded[PADDING + sizeof("0.0.0.0/") + NETADDR_TEXT_SIZE] = "";
	char text[NETADDR_TEXT_SIZE];
	CIDR *cidr;

	(void)snprintf(padded + PADDING, sizeof(padded) - PADDING, "0.0.0.0/%s",
	    netaddr_format(mask, text));
	cidr = cidr_from_str(padded + PADDING);
	if (cidr == NULL)
		return -EINVAL;
	*length = (unsigned)cidr_get_pflen(cidr);
	cidr_free(cidr);
	return 0;
}
