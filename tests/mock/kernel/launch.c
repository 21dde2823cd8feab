/* SPDX-License-Identifier: MIT */
/* What the host does for the launch of the guest. */
#include "kernel/guest/pages.h"
#include "tests/mock/mock.h"

uint64_t mock_refuse_private;
bool mock_refuse_area;
uint64_t mock_registered;

int platform_host_make_private(gpa_t start, uint64_t size)
{
	return mock_refuse_private - start.v < size && mock_refuse_private != 0 ? ERR_HOST : 0;
}

int platform_plane_register(uint32_t apic_id, uint32_t plane, gpa_t vmsa)
{
	if (mock_refuse_area || apic_id != 0 || plane != guest_plane)
		return ERR_HOST;
	mock_registered = vmsa.v;
	return 0;
}

/* The region of the mock is all there is for copies. */
int memory_take_blocks(struct memory_map *map, uint64_t size, void **memory)
{
	(void)map;
	(void)size;
	*memory = NULL;
	return ERR_NO_MEMORY;
}
