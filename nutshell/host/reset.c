/* SPDX-License-Identifier: MIT */
/*
 * A reset that the guest asks for (or dies into). Without the option "reboot" it ends the machine. With it, the levels below
 * VMPL0 stop, QEMU's devices are put back as far as a guest that starts expects it, and VMPL0 hears of it: an SNP guest's
 * memory and registers are not the host's to reset.
 */
#include "nutshell/asm.h"
#include "nutshell/host/host.h"

#define PIC_MASK_1 0x21u
#define PIC_MASK_2 0xA1u
#define PIT_CONTROL 0x43u
#define PIT_CHANNEL_0 0x40u
#define PIT_RATE 0x34u /* channel 0, both bytes, rate generator: what the BIOS left running, at 18 Hz */
#define RTC_INDEX 0x70u
#define RTC_DATA 0x71u
#define RTC_B 0x0Bu
#define RTC_C 0x0Cu
#define RTC_24_HOURS 0x02u
#define SERIAL_INTERRUPTS 0x3F9u
#define PM1_STATUS 0x600u
#define PM1_ENABLE 0x602u
#define IO_APIC 0xFEC00000ull
#define IO_APIC_WINDOW 0x10u
#define IO_APIC_FIRST_ENTRY 0x10u
#define IO_APIC_ENTRIES 24u
#define IO_APIC_MASKED 0x10000u
#define HPET 0xFED00000ull
#define HPET_CONFIGURATION 0x10u
#define HPET_COUNTER 0xF0u
#define HPET_TIMER 0x100u
#define HPET_TIMER_STEP 0x20ull
#define HPET_TIMERS 3u
#define PCI_ADDRESS 0xCF8u
#define PCI_DATA 0xCFCu
#define PCI_ENABLE 0x80000000u
#define PCI_DEVICES 32u
#define PCI_FUNCTIONS 8u
#define PCI_COMMAND 0x04u
#define PCI_BUS_MASTER 4u
#define PCI_CAPABILITIES 0x34u
#define PCI_HAS_CAPABILITIES (1u << 20)
#define PCI_MSI 5u
#define PCI_MSI_ENABLE (1u << 16)
#define PCI_MSIX 17u
#define PCI_MSIX_ENABLE (1u << 31)
#define PCI_CAPABILITIES_MAX 48u

static uint32_t resets;

uint32_t host_resets(void)
{
	return resets;
}

static volatile uint32_t *mmio(uint64_t address)
{
	return (volatile uint32_t *)phys_to_virt(address);
}

static void mask_interrupts(void)
{
	asm_out8(PIC_MASK_1, 0xFF);
	asm_out8(PIC_MASK_2, 0xFF);
	for (uint32_t i = 0; i < IO_APIC_ENTRIES; i++) {
		*mmio(IO_APIC) = IO_APIC_FIRST_ENTRY + 2u * i;
		*mmio(IO_APIC + IO_APIC_WINDOW) = IO_APIC_MASKED;
		*mmio(IO_APIC) = IO_APIC_FIRST_ENTRY + 2u * i + 1u;
		*mmio(IO_APIC + IO_APIC_WINDOW) = 0;
	}
}

static void reset_timers(void)
{
	*mmio(HPET + HPET_CONFIGURATION) = 0;
	for (uint32_t i = 0; i < HPET_TIMERS; i++)
		*mmio(HPET + HPET_TIMER + i * HPET_TIMER_STEP) = 0;
	*mmio(HPET + HPET_COUNTER) = 0;
	*mmio(HPET + HPET_COUNTER + 4u) = 0;
	asm_out8(PIT_CONTROL, PIT_RATE);
	asm_out8(PIT_CHANNEL_0, 0);
	asm_out8(PIT_CHANNEL_0, 0);
	asm_out8(RTC_INDEX, RTC_B);
	asm_out8(RTC_DATA, RTC_24_HOURS);
	asm_out8(RTC_INDEX, RTC_C);
	(void)asm_in8(RTC_DATA);
}

static uint32_t pci_read(uint32_t function, uint32_t offset)
{
	asm_out32(PCI_ADDRESS, PCI_ENABLE | function << 8 | (offset & 0xFCu));
	return asm_in32(PCI_DATA);
}

static void pci_write(uint32_t function, uint32_t offset, uint32_t value)
{
	asm_out32(PCI_ADDRESS, PCI_ENABLE | function << 8 | (offset & 0xFCu));
	asm_out32(PCI_DATA, value);
}

/* No more messages: MSI and MSI-X are off. */
static void reset_capabilities(uint32_t function)
{
	uint32_t at = pci_read(function, PCI_CAPABILITIES) & 0xFCu;

	for (uint32_t i = 0; i < PCI_CAPABILITIES_MAX && at != 0; i++) {
		uint32_t capability = pci_read(function, at);

		if ((capability & 0xFFu) == PCI_MSI)
			pci_write(function, at, capability & ~PCI_MSI_ENABLE);
		else if ((capability & 0xFFu) == PCI_MSIX)
			pci_write(function, at, capability & ~PCI_MSIX_ENABLE);
		at = capability >> 8 & 0xFCu;
	}
}

/* A device must not go on writing to memory that is going to be someone else's. Addresses stay as the BIOS chose them. */
static void reset_pci(void)
{
	for (uint32_t function = 0; function < PCI_DEVICES * PCI_FUNCTIONS; function++) {
		uint32_t command;

		if ((pci_read(function, 0) & 0xFFFFu) == 0xFFFFu)
			continue;
		command = pci_read(function, PCI_COMMAND);
		pci_write(function, PCI_COMMAND, command & 0xFFFFu & ~PCI_BUS_MASTER);
		if ((command & PCI_HAS_CAPABILITIES) != 0)
			reset_capabilities(function);
	}
}

static void reset_devices(void)
{
	reset_pci();
	mask_interrupts();
	reset_timers();
	asm_out8(SERIAL_INTERRUPTS, 0);
	asm_out16(PM1_ENABLE, 0);
	asm_out16(PM1_STATUS, 0xFFFF);
	ports_reset();
	for (uint32_t i = 0; i < SNP_VMPL_COUNT; i++)
		host_probe_armed[i] = false;
}

void host_reset(struct vcpu *vcpu, const char *why)
{
	if (!options.reboot || vcpu->vmpl == 0 || !host_monitor_uses_msr)
		machine_stop(STOP_POWER_OFF, "the guest reset the machine (%s)", why);
	resets++;
	machine_log("reset %u of the guest (%s)", resets, why);
	reset_devices();
	vcpu_reset_guest(vcpu, GHCB_MSR_RUN_VMPL_RSP | GHCB_RUN_VMPL_RESET << 32);
}
