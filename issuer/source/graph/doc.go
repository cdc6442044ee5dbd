// Package graph reads devices out of Microsoft Intune, by way of Microsoft Graph:
//
//	GET https://graph.microsoft.com/v1.0/deviceManagement/managedDevices?$select=…
//
// page by page (@odata.nextLink), with the credentials of an application that has
// the permission DeviceManagementManagedDevices.Read.All.
//
// # Whole listings, and deltas
//
// Without [Config.Delta] every reading is a whole listing, which is what Graph
// documents for managed devices: a device that is not in it is gone. With it the
// reading goes on from the @odata.deltaLink of the last one, which Graph serves
// for managed devices but does not promise. Then whatever may have been lost is
// read again whole: after a link that Graph has forgotten (410 Gone, or an error
// that asks for a new synchronisation), and when more than [MaxReread] devices
// came with only a part of their members, since what a delta leaves out would
// count against the device. Fewer are asked for one by one.
//
// A listing that ends in the middle, names a page on another host, or goes round
// in circles is an error, and nothing of it counts.
package graph
