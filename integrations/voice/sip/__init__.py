"""The telephone extension of our own: SIP and RTP, without an exchange of the operator's having to know about us."""

from integrations.voice.sip.telephone import SipState, SipTelephone

__all__ = ["SipState", "SipTelephone"]
