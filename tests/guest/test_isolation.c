/* SPDX-License-Identifier: MIT */
/* The monitor's memory: no page of it can be read, written or executed from here, by any mapping. */
#define GUEST_AREA "03"
#include "abi/ghcb.h"
#include "abi/launch.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define MONITOR_PAGES ((uint32_t)(MONITOR_SIZE / PAGE_SIZE))

/* What the reverse map says: each page is the monitor's alone, or shared with the host on purpose. */
TEST(monitor_grants_nothing)
{
	uint32_t every = NUTSHELL_RMP_PERM_MASK << NUTSHELL_RMP_PERM_SHIFT(1) |
			 NUTSHELL_RMP_PERM_MASK << NUTSHELL_RMP_PERM_SHIFT(2) |
			 NUTSHELL_RMP_PERM_MASK << NUTSHELL_RMP_PERM_SHIFT(3);
	uint32_t shared = 0, save_areas = 0;

	for (uint32_t i = 0; i < MONITOR_PAGES; i++) {
		uint64_t gpa = monitor_gpa() + i * PAGE_SIZE;
		uint32_t state = machine_rmp(gpa);

		if ((state & NUTSHELL_RMP_ASSIGNED) == 0) {
			shared++;
			continue;
		}
		CHECK_EQ_FOR(state & NUTSHELL_RMP_VALIDATED, NUTSHELL_RMP_VALIDATED, gpa);
		/* This CPU's save area: readable here at most. */
		if ((state & NUTSHELL_RMP_VMSA) != 0) {
			save_areas++;
			CHECK_EQ_FOR(state & every & ~(1u << NUTSHELL_RMP_PERM_SHIFT(MACHINE_SECRETS->svsm_guest_vmpl)),
				     0, gpa);
		} else {
			CHECK_EQ_FOR(state & every, 0, gpa);
		}
	}
	test_bench("monitor_shared_pages", shared, "pages");
	CHECK(shared <= 16);
	CHECK(save_areas >= 1);
}

/*
 * A page that the monitor shares with the host turns private by an access from here, as it may at any time by the host's
 * own will; the access is refused all the same, and the monitor goes on. Only the processor's own save area may be
 * readable.
 */
static void probe_all(enum probe kind)
{
	for (uint32_t i = 0; i < MONITOR_PAGES; i++) {
		uint64_t gpa = monitor_gpa() + i * PAGE_SIZE;

		if (kind != PROBE_READ || (machine_rmp(gpa) & NUTSHELL_RMP_VMSA) == 0)
			CHECK_EQ_FOR(probe_refused(paging_window(0, gpa, false), kind), true, gpa);
	}
	CHECK_EQ(svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0), SVSM_SUCCESS);
}

TEST(monitor_cannot_be_read)
{
	probe_all(PROBE_READ);
}

TEST(monitor_cannot_be_written)
{
	probe_all(PROBE_WRITE);
}

TEST(monitor_cannot_be_executed)
{
	probe_all(PROBE_EXECUTE);
}

/* The one-to-one map names the same pages in 2 MiB steps. */
TEST(monitor_is_closed_to_large_mappings)
{
	for (uint64_t offset = 0; offset < MONITOR_SIZE; offset += 16 * PAGE_SIZE) {
		CHECK_EQ_FOR(probe_refused(page_at(monitor_gpa() + offset), PROBE_READ), true, offset);
		CHECK_EQ_FOR(probe_refused(page_at(monitor_gpa() + offset + 0xFFF), PROBE_WRITE), true, offset);
	}
}

/* Pages that the monitor or another test never gave stay closed. */
TEST(ungiven_memory_is_closed)
{
	uint64_t block = block_take(false);

	CHECK(probe_refused(page_at(block), PROBE_READ));
	CHECK(probe_refused(page_at(block), PROBE_WRITE));
	CHECK(probe_refused(page_at(block), PROBE_EXECUTE));
	block_return(block);
}
