/* SPDX-License-Identifier: MIT */
/* Events that end at QEMU's devices: ports, memory-mapped registers, model-specific registers. */
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/host/host.h"

#define VECTOR_GP 13u
#define MMIO_MAX 8u
#define PHYSICAL_END (1ull << 39) /* what Nutshell maps */
#define LEGACY_START 0xA0000ull
#define LEGACY_END 0xC0000ull
#define FOUR_GIB 0x100000000ull
#define MSR_APIC_BASE 0x1Bu
#define X2APIC_FIRST 0x800u
#define X2APIC_LAST 0x8FFu

static uint32_t load(const uint8_t *from, uint32_t size)
{
	uint32_t value = 0;

	memcpy(&value, from, size);
	return value;
}

void nae_ioio(struct event *event)
{
	uint32_t size = (uint32_t)event->info_1 >> 4 & 7u;
	uint16_t port = (uint16_t)(event->info_1 >> GHCB_IOIO_PORT_SHIFT);
	bool in = (event->info_1 & GHCB_IOIO_IN) != 0, string = (event->info_1 & GHCB_IOIO_STRING) != 0;
	uint64_t count = string ? event->info_2 : 1;
	uint32_t vmpl = event->vcpu->vmpl;
	uint8_t *buffer = NULL;

	if (size != 1 && size != 2 && size != 4) {
		event_malformed(event, GHCB_REASON_INVALID_INPUT);
		return;
	}
	if (string) {
		buffer = count > PAGE_SIZE ? NULL : event_scratch(event, count * size);
		if (buffer == NULL) {
			event_malformed(event, GHCB_REASON_INVALID_SCRATCH);
			return;
		}
	} else if (!in && !event_has(event, GHCB_VALID_BIT(rax))) {
		event_malformed(event, GHCB_REASON_MISSING_INPUT);
		return;
	}
	/* A reset of the guest among them ends it. */
	for (uint64_t i = 0; i < count && event->vcpu->online && event->vcpu->vmpl == vmpl; i++) {
		uint8_t *item = string ? buffer + i * size : NULL;

		if (!in) {
			port_write(event->vcpu, port, size, string ? load(item, size) : (uint32_t)event->rax);
		} else {
			uint32_t value = port_read(event->vcpu, port, size);

			if (string)
				memcpy(item, &value, size);
			else
				event_set(event, &event->ghcb->rax, value);
		}
	}
}

/* Neither the guest's RAM nor Nutshell's, which is all other RAM. An access that is not aligned could touch two things. */
static bool is_device(uint64_t gpa, uint64_t size)
{
	return is_aligned(gpa, size) && (range_within(gpa, size, LEGACY_START, LEGACY_END) ||
					 range_within(gpa, size, machine_low_devices_start(), FOUR_GIB) ||
					 range_within(gpa, size, machine_high_ram_end(), PHYSICAL_END));
}

static void device_read(uint64_t gpa, uint8_t *to, uint64_t size)
{
	uint64_t value;

	switch (size) {
	case 1:
		value = *(volatile uint8_t *)phys_to_virt(gpa);
		break;
	case 2:
		value = *(volatile uint16_t *)phys_to_virt(gpa);
		break;
	case 4:
		value = *(volatile uint32_t *)phys_to_virt(gpa);
		break;
	default:
		value = *(volatile uint64_t *)phys_to_virt(gpa);
		break;
	}
	memcpy(to, &value, size);
}

static void device_write(uint64_t gpa, const uint8_t *from, uint64_t size)
{
	uint64_t value = 0;

	memcpy(&value, from, size);
	if (!apic_filter_write(gpa, size, &value))
		return;
	switch (size) {
	case 1:
		*(volatile uint8_t *)phys_to_virt(gpa) = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)phys_to_virt(gpa) = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)phys_to_virt(gpa) = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)phys_to_virt(gpa) = value;
		break;
	}
}

void nae_mmio(struct event *event, bool write)
{
	uint64_t size = event->info_2, gpa = event->info_1;
	uint8_t *buffer;

	if (size != 1 && size != 2 && size != 4 && size != MMIO_MAX) {
		event_malformed(event, GHCB_REASON_INVALID_INPUT);
		return;
	}
	buffer = event_scratch(event, size);
	if (buffer == NULL) {
		event_malformed(event, GHCB_REASON_INVALID_SCRATCH);
		return;
	}
	if (!is_device(gpa, size)) {
		machine_trace("VMPL%u: MMIO to 0x%llx, which is no device", event->vcpu->vmpl,
			      (unsigned long long)gpa);
		if (!write)
			memset(buffer, 0xFF, size);
		return;
	}
	if (write)
		device_write(gpa, buffer, size);
	else
		device_read(gpa, buffer, size);
}

/* Registers of QEMU's processor that a guest may read: APIC base, microcode, feature control, memory types, machine checks. */
static bool msr_reads(uint32_t msr)
{
	return msr == 0x10 || msr == MSR_APIC_BASE || msr == 0x3A || msr == 0x8B || msr == 0xFE ||
	       (msr >= 0x179 && msr <= 0x17B) || (msr >= 0x200 && msr <= 0x20F) || msr == 0x250 || msr == 0x258 ||
	       msr == 0x259 || (msr >= 0x268 && msr <= 0x26F) || msr == 0x2FF || (msr >= 0x400 && msr < 0x428);
}

/* Machine-check registers are the guest's to clear; all other writes are accepted and dropped. */
static bool msr_writes(uint32_t msr)
{
	return msr == 0x17A || msr == 0x17B || (msr >= 0x400 && msr < 0x428);
}

/* Registers of AMD's processors that hold nothing here: they read as zero, as under KVM. */
static bool msr_is_zero(uint32_t msr)
{
	static const uint32_t list[] = { 0x17,	     0xC0010010, 0xC0010015, 0xC001001B, 0xC001001F, 0xC0010055,
					 0xC0010112, 0xC0010113, 0xC0011004, 0xC0011020, 0xC0011022, 0xC0011023,
					 0xC0011029, 0xC001102A };

	for (uint32_t i = 0; i < ARRAY_SIZE(list); i++) {
		if (list[i] == msr)
			return true;
	}
	return false;
}

static void apic_register(struct event *event, uint32_t msr, bool write)
{
	uint64_t value;

	if (write ? !timer_write(event->vcpu, msr, (uint32_t)event->rax | event->rdx << 32) :
		    !timer_read(event->vcpu, msr, &value)) {
		event_exception(event, VECTOR_GP, true);
	} else if (!write) {
		event_set(event, &event->ghcb->rax, (uint32_t)value);
		event_set(event, &event->ghcb->rdx, value >> 32);
	}
}

void nae_msr(struct event *event)
{
	uint32_t msr = (uint32_t)event->rcx;
	bool write = (event->info_1 & 1u) != 0;
	uint64_t value = 0;

	if (!event_has(event, GHCB_VALID_BIT(rcx)) ||
	    (write && (!event_has(event, GHCB_VALID_BIT(rax)) || !event_has(event, GHCB_VALID_BIT(rdx))))) {
		event_malformed(event, GHCB_REASON_MISSING_INPUT);
		return;
	}
	if (event->vcpu->vmpl == 0 && msr >= X2APIC_FIRST && msr <= X2APIC_LAST) {
		apic_register(event, msr, write);
		return;
	}
	if (!msr_reads(msr) && !msr_is_zero(msr)) {
		machine_trace("VMPL%u: %s of unknown MSR 0x%x", event->vcpu->vmpl, write ? "write" : "read", msr);
		event_exception(event, VECTOR_GP, true);
		return;
	}
	if (write) {
		if (msr_writes(msr))
			asm_write_msr(msr, (uint32_t)event->rax | event->rdx << 32);
		return;
	}
	if (msr_reads(msr))
		value = asm_read_msr(msr);
	event_set(event, &event->ghcb->rax, (uint32_t)value);
	event_set(event, &event->ghcb->rdx, value >> 32);
}
