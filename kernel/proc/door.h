/* SPDX-License-Identifier: MIT */
/*
 * door.h - guest calls for services: which channel serves which protocol, and one request at a time through it.
 *
 * A service works on the time of the vCPU that called. When that takes longer than DOOR_SLICE_MS the guest gets the vCPU
 * back with "incomplete" and issues the same call again, which goes on where it was: a request is executed at most once.
 * It belongs to its key (the vCPU and what names the call); another key finds the door busy, and helps the work along.
 * An answer that nobody fetches is dropped after DOOR_PARK_MS.
 *
 * When the service dies the call ends with an error; the next one finds the service that init started in its place.
 */
#ifndef KERNEL_PROC_DOOR_H
#define KERNEL_PROC_DOOR_H

#include "abi/launch.h"
#include "abi/policy.h"
#include "abi/snp.h"
#include "kernel/proc/process.h"
#include "lib/types.h"

#define DOOR_SLICE_MS 4u
#define DOOR_PARK_MS 1000u
#define DOOR_RESET_MS 20000u

/*
 * Starts the first process from the image's archive and lets it start the others, but for those that the policy turns
 * off. Without an archive, or when the policy says so, there are no services.
 */
void services_start(const struct launch_block *block, const struct policy_page *policy, const struct snp_cpuid_page *cpuid);

/* From now on a protocol's calls go to a channel. ERR_NO_MEMORY: too many protocols. */
int door_publish(uint32_t protocol, struct handle client) __must_check;

/* True when some service has taken the protocol. */
bool door_is_open(uint32_t protocol);

struct door_exchange {
	uint32_t protocol;
	uint64_t vcpu; /* whose call it is */
	uint64_t key;  /* which of its calls */
	/* Fills a new request: data (SERVICE_MESSAGE_MAX bytes), its size, and the page that goes with it. Not called when the
	   call goes on. An error ends the call. */
	int (*fill)(void *context, uint8_t *data, uint32_t *size, uint8_t *page);
	/* Fetches the answer (data: SERVICE_MESSAGE_MAX bytes); page is NULL when none came back. */
	int (*fetch)(void *context, const uint8_t *data, uint32_t size, const uint8_t *page);
	void *context;
};

/*
 * 0: fetched. ERR_INCOMPLETE: the time is over, call again. ERR_BUSY: another request is being worked on, call again.
 * ERR_UNSUPPORTED: nobody serves the protocol; ERR_STATE: the service is gone; or an error of fill or fetch.
 */
int door_exchange(const struct door_exchange *exchange) __must_check;

/*
 * The guest is being reset: requests under way are dropped, and every service gets SERVICE_OP_RESET and DOOR_RESET_MS to
 * answer it. Nobody else calls meanwhile. ERR_STATE: a service did not answer, or with an error: its state may be that of the
 * guest before. One that ended is asked again when it was started anew.
 */
int door_reset(void) __must_check;

/* The vTPM's manifest (abi/service.h). ERR_OVERFLOW: longer than capacity; else as door_exchange(). */
int door_vtpm_manifest(uint8_t *out, uint32_t capacity, uint32_t *size) __must_check;

#endif
