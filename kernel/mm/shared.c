/* SPDX-License-Identifier: MIT */
#include "kernel/mm/memory.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/paging.h"
#include "lib/string.h"

/* The host may hold a page that this gives up half way: it is never handed out again. */
int memory_allocate_shared(uint64_t count, pa_t *out)
{
	int error = memory_allocate(count, out);

	for (uint64_t i = 0; error == 0 && i < count; i++)
		error = platform_page_release(paging_region_va(pa(out->v + i * PAGE_SIZE)), false);
	if (error == 0)
		error = platform_host_make_shared(gpa(out->v), count * PAGE_SIZE);
	if (error != 0)
		return error;
	for (uint64_t i = 0; i < count; i++)
		paging_region_set_shared(paging_region_va(pa(out->v + i * PAGE_SIZE)), true);
	memset(paging_region_pointer(*out), 0, count * PAGE_SIZE);
	return 0;
}
