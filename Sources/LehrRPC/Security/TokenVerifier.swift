/// Knows people by their tokens. Belongs to the core whose calls it judges.
package protocol TokenVerifier: AnyObject {
    /// Whose token this is, at this moment. `token` is a secret: it belongs into no message.
    func verify(_ token: String) -> TokenVerdict
}

package enum TokenVerdict: Equatable, Sendable {
    /// The name that the token was made for.
    case valid(name: String)
    /// Why not, for its holder.
    case refused(String)
}
