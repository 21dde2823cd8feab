/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "services/rt/rt.h"

int rt_handle(const char *name)
{
	return rt_find_handle(getenv("HANDLES"), name);
}
