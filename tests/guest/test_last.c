/* SPDX-License-Identifier: MIT */
/* What leaves the guest without the monitor's services, and so comes last. */
#define GUEST_AREA "99"
#include "abi/ghcb.h"
#include "lib/string.h"
#include "tests/guest/cpu.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/paging.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

/* Enters the monitor with a request that it cannot see; nothing may come back but the registers as they were. */
static void enter_unheard(uint64_t msr)
{
	const struct registers before = {
		.rax = SVSM_CORE_QUERY_PROTOCOL, .rcx = 1, .rdx = 0x22, .r8 = 0x88, .r9 = 0x99, .rflags = 2
	};
	struct registers after = before;

	if (msr == ghcb_gpa())
		ghcb_prepare(GHCB_EXIT_RUN_VMPL, 0, 0);
	vmgexit(&after, msr);
	CHECK_EQ(memcmp(&before, &after, sizeof(before)), 0);
}

/*
 * The host takes the calling area away. Then there are no requests any more, and validating the page again would be the
 * host's way to bring old content back: the guest has lost, the monitor has not.
 */
TEST(host_takes_the_calling_area)
{
	uint64_t block = block_take(false);

	page_give(block);
	CHECK_EQ(svsm_core(SVSM_CORE_REMAP_CA, block, 0, 0), SVSM_SUCCESS);
	svsm_caa = block;
	CHECK_EQ(ghcb_page_state(block, 1, PSC_OP_SHARED, false), 0);
	for (uint32_t i = 0; i < 8; i++) {
		*(volatile uint8_t *)paging_window(0, block, true) = 1;
		enter_unheard((i & 1u) == 0 ? GHCB_MSR_RUN_VMPL_REQ : ghcb_gpa());
	}
	CHECK_EQ(machine_rmp(block) & NUTSHELL_RMP_VALIDATED, 0);
}
