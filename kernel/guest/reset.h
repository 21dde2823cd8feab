/* SPDX-License-Identifier: MIT */
/*
 * reset.h - a reset of the guest: the same monitor starts it again, as after a power cycle.
 *
 * The host says that the guest has asked for it (platform_plane_run()); a host can end or restart a VM at any time, so
 * nothing is lost by believing it. In this order, on the first vCPU, while all others are kept out of the monitor:
 *   every save area is taken out of use; calling areas become ordinary memory;
 *   services are reset (proc/door.h);
 *   all memory of the guest is taken back: rescinded, so that none of the old content is readable before it was zeroed on
 *   its way to the new guest. A page whose permissions cannot be revoked, as the host keeps the monitor from it, ends the
 *   VM: it could be there again for the new guest, with what the old one had in it;
 *   the guest is launched again from the copy of its image (pristine.h), with the tables of the first start.
 * What survives is what a power cycle keeps: NV memory of the services, the attestation of the launch, and the numbers of
 * the guest's messages to the security processor, which does not start again either.
 */
#ifndef KERNEL_GUEST_RESET_H
#define KERNEL_GUEST_RESET_H

#include "lib/types.h"

/* Ends the VM when the guest cannot be started again. No lock is held. */
void guest_reset(void);

/* Implemented by the protocol room: services forget what a power cycle clears. An error: one of them may not have. */
int protocol_reset(void) __must_check;

#endif
