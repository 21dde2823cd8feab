/* SPDX-License-Identifier: MIT */
#include "kernel/guest/reset.h"

#include "abi/terminate.h"
#include "kernel/guest/launch.h"
#include "kernel/guest/pages.h"
#include "kernel/guest/pristine.h"
#include "kernel/guest/vcpu.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"

static void insist(int error, const char *what)
{
	/* guards (host): after a reset nothing of the old guest runs or can be read, and no service keeps what it gave */
	if (error != 0)
		log_panic(TERMINATE_GUEST_RESET, "the guest cannot be reset: %s (error %d)", what, error);
}

void guest_reset(void)
{
	uint64_t lost;

	log_line("the guest is reset");
	/* guards (image): a guest starts from the memory that was measured and from no other */
	if (!pristine_exists())
		log_panic(TERMINATE_GUEST_RESET, "the guest cannot be reset: there is no copy of its image");
	vcpu_lock_all();
	launch_keep_numbers();
	insist(vcpu_stop_all(), "one of its vCPUs cannot be stopped");
	insist(protocol_reset(), "a service keeps its state");
	insist(guest_pages_take_all(&lost), "the host keeps a page of its memory from being taken back");
	if (lost != 0)
		log_line("%llu pages of the guest are lost", (unsigned long long)lost);
	guest_flush();
	launch_again();
	vcpu_unlock_all();
	log_line("starting the guest again");
}
