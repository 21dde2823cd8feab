/* SPDX-License-Identifier: MIT */
#include "nutshell/host/host.h"

/* table.S */
extern const uint8_t certificate_table[], certificate_table_end[];

const uint8_t *host_certificates(uint64_t *size)
{
	*size = (uint64_t)(certificate_table_end - certificate_table);
	return certificate_table;
}
