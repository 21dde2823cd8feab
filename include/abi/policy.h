/* SPDX-License-Identifier: MIT */
/*
 * policy.h - the policy page: what may differ between two starts of the same image.
 *
 * It is one measured page of the monitor's region (LAUNCH_OFF_POLICY in abi/launch.h). All else in an image is the same
 * for every configuration, so that a verifier who knows the image's pages can compute the launch digest for any policy,
 * and nobody rebuilds anything. 'igvm policy' reads and writes it.
 *
 * Trust: the page is measured, so the host cannot change it without changing the launch digest. The monitor checks it
 * all the same (lib/policy.h), and does not start when a field has a value that it does not know.
 */
#ifndef ABI_POLICY_H
#define ABI_POLICY_H

#include <stdint.h>

#define POLICY_MAGIC 0x4C4F505748534143ull /* "CASHWPOL" */
#define POLICY_VERSION 1u

#define POLICY_FLAG_CONSOLE (1u << 0)  /* the monitor writes its log to the serial port */
#define POLICY_FLAG_SERVICES (1u << 1) /* the services of the image are started, but for those that are named off */

/* What the service of UEFI variables enforces; a service finds it in its environment as SECURE_BOOT=. */
#define POLICY_SECURE_BOOT_OFF 0u      /* "off": no signatures are checked */
#define POLICY_SECURE_BOOT_SETUP 1u    /* "setup": on, but the guest may still enroll its platform key */
#define POLICY_SECURE_BOOT_DEPLOYED 2u /* "deployed": on, keys change only by signed updates */

#define POLICY_NAME_SIZE 32u /* with the NUL; as SERVICE_NAME_MAX */
#define POLICY_OFF_MAX 8u

struct policy_page {
	uint64_t magic;
	uint32_t version;
	uint32_t guest_vmpl;  /* 1..3: the guest's privilege level */
	uint32_t flags;       /* POLICY_FLAG_* */
	uint32_t serial_port; /* I/O port of the console, 1..0xFFF8 */
	uint32_t secure_boot; /* POLICY_SECURE_BOOT_* */
	uint32_t off_count;
	char off[POLICY_OFF_MAX][POLICY_NAME_SIZE]; /* services that are not started; NUL-terminated, rest zero */
	uint8_t reserved[4096 - 288];               /* zero */
};
_Static_assert(sizeof(struct policy_page) == 4096, "the policy is one page");

#endif
