/* SPDX-License-Identifier: MIT */
/*
 * host.h - inside the emulated hypervisor: what its parts need of each other.
 *
 * Everything that a guest can write is read once and checked; a guest can stop its own machine, never Nutshell.
 */
#ifndef NUTSHELL_HOST_HOST_H
#define NUTSHELL_HOST_HOST_H

#include "abi/ghcb.h"
#include "nutshell/machine.h"

/* ---- options (options.c) ---- */
struct options {
	bool stats;
	bool reboot;       /* a reset of the guest does not end the machine */
	uint32_t parameter; /* for the test device */
	uint32_t c_bit;    /* 0: choose */
	uint64_t features; /* GHCB_FEATURE_* that the host offers */
	uint32_t busy;     /* tries of each guest message that the host is too busy for */
	bool no_dma;       /* fw_cfg without DMA, for comparison */
	bool no_timer;     /* hostile: VMPL0's timer never interrupts */
	uint64_t interrupt; /* hostile: VMPL0 gets this external interrupt after each VMGEXIT; 0: none */
};
extern struct options options;
/* Stops the machine on an option that it does not know. */
void options_parse(const char *command_line);
/* All of the text is one number, decimal or hexadecimal with 0x and small letters. False: it is none, or has over 64 bits. */
bool options_number(const char *text, size_t length, uint64_t *value);

/* ---- launch (launch.c) ---- */
void launch_image(const void *igvm, uint64_t size);

/* ---- page states (psc.c) ---- */
/* One page or block; false: it cannot be done. */
bool host_set_private(uint64_t gpa, bool size_2m);
bool host_set_shared(uint64_t gpa, bool size_2m);
/* Answer to the MSR protocol's page state change. */
uint64_t host_psc_msr(uint64_t request);

/* ---- GHCB events (nae.c) ---- */
struct event {
	struct vcpu *vcpu;
	struct ghcb *ghcb;  /* the shared page: write results here */
	uint64_t ghcb_gpa;
	uint64_t code, info_1, info_2, scratch;
	uint64_t rax, rbx, rcx, rdx;
	uint8_t valid[16];
	uint64_t status, result; /* SW_EXITINFO1 and 2 on return */
	bool switched;           /* another level runs now: the GHCB is filled before that */
};
bool event_has(const struct event *event, size_t bit);
void event_set(struct event *event, uint64_t *field, uint64_t value);
void event_malformed(struct event *event, uint32_t reason);
void event_exception(struct event *event, uint8_t vector, bool has_error);
/* Memory behind the scratch address: in the GHCB's shared buffer, or shared pages of one run; NULL when it is not. */
uint8_t *event_scratch(const struct event *event, uint64_t size);

void nae_run(struct vcpu *vcpu, uint64_t ghcb_gpa);
void nae_psc(struct event *event);
void nae_ioio(struct event *event);
void nae_mmio(struct event *event, bool write);
void nae_msr(struct event *event);
/* VMPL0's local APIC (timer.c). False: no such register, or not that value. */
bool timer_write(struct vcpu *vcpu, uint32_t msr, uint64_t value);
bool timer_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value);
void timer_annoy(struct vcpu *vcpu);
void nae_guest_request(struct event *event, bool extended);
void nae_ap_creation(struct event *event);
void nae_ap_reset_hold(struct event *event);
void nae_apic_ids(struct event *event);

/* ---- reset of the guest (reset.c) ---- */
/* The guest wants it, or died. Ends the machine, or returns with the levels below VMPL0 gone from all vCPUs. */
void host_reset(struct vcpu *vcpu, const char *why);
/* VMPL0 of the first vCPU lets the guest run by MSR call: an answer can tell it of a reset (ghcb.c). */
extern bool host_monitor_uses_msr;
uint32_t host_resets(void);

/* ---- interrupt controllers (apic.c) ---- */
/* A write of size bytes to a device: false when it must not happen; *value may be changed. */
bool apic_filter_write(uint64_t gpa, uint64_t size, uint64_t *value);

/* ---- certificates (certificates.c) ---- */
/* The table that the host hands out: certificates of the test root, made by tools/testroot. */
const uint8_t *host_certificates(uint64_t *size);

/* ---- ports (ports.c) ---- */
uint32_t port_read(struct vcpu *vcpu, uint16_t port, uint32_t size);
void port_write(struct vcpu *vcpu, uint16_t port, uint32_t size, uint32_t value);
void ports_init(void);
/* What a power cycle does to the state that is kept here. */
void ports_reset(void);
/* Processors of QEMU's machine; stops when there are more than Nutshell has vCPUs. */
uint32_t ports_processor_count(void);

/* The next refused access of this level raises #GP instead of stopping the machine (test device). */
extern bool host_probe_armed[SNP_VMPL_COUNT];

/* A page of hypervisor-owned RAM, as the host sees it; NULL when it is not one. */
uint8_t *host_shared_page(uint64_t gpa);

/* Statistics for the test device. */
uint32_t stats_exits_total(void);
uint32_t stats_exits_of(uint32_t vmpl);
uint32_t stats_switches(void);
/* Stays at VMPL0: how many were below 1 us (0), or from 2^(bucket-1) to below 2^bucket us; the longest, in us. */
uint64_t stats_stays(uint32_t bucket);
uint64_t stats_longest_stay(void);
void stats_print(void);
void stats_set_digest(const uint8_t value[SNP_DIGEST_SIZE], uint64_t pages);

#endif
